// Functions of a shared library that is loaded when the first of them is called: most runs need none, and starting is
// several times as fast without it and all that it needs itself.
#ifndef STACKMAKE_LAZY_H
#define STACKMAKE_LAZY_H

// The function of that name in the library; ends the program as the system's loader does where there is none.
void *stackmake_find(const char *library, const char *name);

// The function `name` of LIBRARY, found once. Two threads that come first at the same time find the same.
#define FOUND(name)                                                            \
  ({                                                                           \
    static __typeof__(name) *found;                                            \
    __typeof__(name) *function = __atomic_load_n(&found, __ATOMIC_ACQUIRE);    \
    if (!function) {                                                           \
      function = (__typeof__(name) *)stackmake_find(LIBRARY, #name);           \
      __atomic_store_n(&found, function, __ATOMIC_RELEASE);                    \
    }                                                                          \
    function;                                                                  \
  })

// Defines `name` as the function of that name in LIBRARY. The compiler compares it with the library's own header.
#define LAZY(result, name, parameters, arguments)                              \
  result name parameters { return FOUND(name) arguments; }

#endif
