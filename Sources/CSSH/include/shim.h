// libssh for Swift: everything that is used of it can be called directly.
#include <libssh/libssh.h>
#include <libssh/callbacks.h>
#include <libssh/server.h>
// Swift's Glibc module leaves these out.
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
