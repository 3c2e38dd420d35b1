" Stackfiles of stackmake.
if exists("b:current_syntax")
  finish
endif

syntax match stackfileTarget "^[A-Za-z0-9_.+/%-][A-Za-z0-9_.+/% -]\{-}\ze\s*+\?:" contains=stackfileWildcard
syntax match stackfileVariable "^[A-Za-z_][A-Za-z0-9_-]*\ze\s*[?+]\?="
syntax match stackfileVariable ":\s*\zs[A-Za-z_][A-Za-z0-9_-]*\ze\s*[?+]\?="
syntax match stackfileKeyword "^\%(include?\?\|secret\|pool\)\ze\s\+[^=:?+[:space:]]"
syntax match stackfileKeyword "^layout\ze\s*:"
syntax match stackfileStep "^\s\+\zs\%(put\|render\|on\|once\|local\|retry\)\>"
syntax match stackfileOption "\<\%(mode\|owner\|count\|every\)\ze="
syntax match stackfileWildcard "%" contained
syntax region stackfileString start=+"+ skip=+\\"+ end=+"+ oneline contains=stackfileTemplate
syntax region stackfileString start=+'+ end=+'+ oneline contains=stackfileTemplate
syntax region stackfileTemplate start="{{" end="}}" oneline contains=stackfileFunction
syntax keyword stackfileFunction contained ip overlay_ip ips join hostnames count env result target stem server hostname group index
syntax match stackfileComment "\%(^\|\s\)\@1<=#.*$"

highlight default link stackfileTarget Function
highlight default link stackfileVariable Identifier
highlight default link stackfileKeyword PreProc
highlight default link stackfileStep Statement
highlight default link stackfileOption Type
highlight default link stackfileWildcard Special
highlight default link stackfileString String
highlight default link stackfileTemplate Special
highlight default link stackfileFunction Keyword
highlight default link stackfileComment Comment

let b:current_syntax = "stackfile"
