autocmd BufNewFile,BufRead Stackfile,Stackfile.* setfiletype stackfile
