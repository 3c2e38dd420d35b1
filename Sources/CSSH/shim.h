// libssh for Swift: everything that is used of it can be called directly.
#include <libssh/libssh.h>
#include <libssh/callbacks.h>
#include <libssh/server.h>
