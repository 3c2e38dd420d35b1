#include "lazy.h"
#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>

void *stackmake_find(const char *library, const char *name) {
  void *handle = dlopen(library, RTLD_LAZY | RTLD_LOCAL);
  void *function = handle ? dlsym(handle, name) : NULL;
  if (function) return function;
  fprintf(stderr, "stackmake: error while loading shared libraries: %s\n", dlerror());
  _exit(127);
}
