// libcurl for Swift, which can't call variadic functions: one wrapper for each type of value.
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

CURLcode ccurl_easy_set_long(CURL *easy, CURLoption option, long value);

CURLcode ccurl_easy_set_offset(CURL *easy, CURLoption option, curl_off_t value);

CURLcode ccurl_easy_set_text(CURL *easy, CURLoption option, const char *value);

CURLcode ccurl_easy_set_pointer(CURL *easy, CURLoption option, void *value);

// CURLOPT_WRITEFUNCTION and CURLOPT_HEADERFUNCTION.
CURLcode ccurl_easy_set_receiver(CURL *easy, CURLoption option, curl_write_callback value);

// CURLOPT_PREREQFUNCTION.
CURLcode ccurl_easy_set_prerequisite(CURL *easy, curl_prereq_callback value);

CURLMcode ccurl_multi_set_long(CURLM *multi, CURLMoption option, long value);
