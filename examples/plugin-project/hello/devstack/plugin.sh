#!/bin/bash
# DevStack calls this in each phase: `stack pre-install|install|post-config|extra`, `unstack`, `clean`.

HELLO_DIR=$DEST/hello

if is_service_enabled hello; then
  case "$1 ${2:-}" in
    'stack extra')
      run_process hello "/usr/bin/python3 $HELLO_DIR/hello/service.py 8070"
      ;;
    'unstack ')
      stop_process hello
      ;;
  esac
fi
