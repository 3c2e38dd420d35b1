// libcurl for Swift. Wrappers for its variadic functions come with the first
// request that stackmake sends.
#include <curl/curl.h>
