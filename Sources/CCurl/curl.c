// The functions of libcurl that are used: one that is missing here is missing when the program is linked.
#include "shim.h"
#include "lazy.h"

#define LIBRARY "libcurl.so.4"

LAZY(void, curl_easy_cleanup, (CURL *curl), (curl))
LAZY(CURL *, curl_easy_init, (void), ())
LAZY(const char *, curl_easy_strerror, (CURLcode code), (code))
LAZY(CURLcode, curl_global_init, (long flags), (flags))
LAZY(CURLMcode, curl_multi_add_handle, (CURLM *multi_handle, CURL *curl_handle), (multi_handle, curl_handle))
LAZY(CURLMcode, curl_multi_cleanup, (CURLM *multi_handle), (multi_handle))
LAZY(CURLMsg *, curl_multi_info_read, (CURLM *multi_handle, int *msgs_in_queue), (multi_handle, msgs_in_queue))
LAZY(CURLM *, curl_multi_init, (void), ())
LAZY(CURLMcode, curl_multi_perform, (CURLM *multi_handle, int *running_handles), (multi_handle, running_handles))
LAZY(CURLMcode, curl_multi_poll,
     (CURLM *multi_handle, struct curl_waitfd extra_fds[], unsigned int extra_nfds, int timeout_ms, int *ret),
     (multi_handle, extra_fds, extra_nfds, timeout_ms, ret))
LAZY(CURLMcode, curl_multi_remove_handle, (CURLM *multi_handle, CURL *curl_handle), (multi_handle, curl_handle))
LAZY(struct curl_slist *, curl_slist_append, (struct curl_slist *list, const char *data), (list, data))
LAZY(void, curl_slist_free_all, (struct curl_slist *list), (list))

// Those that take values of any type.

CURLcode ccurl_easy_set_long(CURL *easy, CURLoption option, long value) {
  return FOUND(curl_easy_setopt)(easy, option, value);
}

CURLcode ccurl_easy_set_offset(CURL *easy, CURLoption option, curl_off_t value) {
  return FOUND(curl_easy_setopt)(easy, option, value);
}

CURLcode ccurl_easy_set_text(CURL *easy, CURLoption option, const char *value) {
  return FOUND(curl_easy_setopt)(easy, option, value);
}

CURLcode ccurl_easy_set_pointer(CURL *easy, CURLoption option, void *value) {
  return FOUND(curl_easy_setopt)(easy, option, value);
}

CURLcode ccurl_easy_set_receiver(CURL *easy, CURLoption option, curl_write_callback value) {
  return FOUND(curl_easy_setopt)(easy, option, value);
}

CURLcode ccurl_easy_set_prerequisite(CURL *easy, curl_prereq_callback value) {
  return FOUND(curl_easy_setopt)(easy, CURLOPT_PREREQFUNCTION, value);
}

CURLMcode ccurl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
  return FOUND(curl_multi_setopt)(multi, option, value);
}
