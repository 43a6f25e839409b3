#include "refresher/purge/curl_poster.h"

#include <curl/curl.h>

#include <mutex>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace chancery::refresher {
namespace {

// Answers are not read: some repeat what was sent, secrets and all.
size_t Drop(char* /*data*/, size_t size, size_t count, void* /*into*/) {
  return size * count;
}

// libcurl wants it once, before any thread uses it.
void InitializeCurl() {
  static std::once_flag once;
  std::call_once(once, [] { (void)curl_global_init(CURL_GLOBAL_DEFAULT); });
}

}  // namespace

struct CurlPoster::State {
  Options options;
  CURL* curl = nullptr;
};

CurlPoster::CurlPoster(const Options& options)
    : state_(std::make_unique<State>()) {
  InitializeCurl();
  state_->options = options;
  state_->curl = curl_easy_init();
}

CurlPoster::~CurlPoster() { curl_easy_cleanup(state_->curl); }

absl::Status CurlPoster::Post(const HttpRequest& request) {
  CURL* const curl = state_->curl;
  if (curl == nullptr) return absl::UnavailableError("libcurl: no handle");
  curl_slist* fields = nullptr;
  for (const auto& [name, value] : request.fields) {
    fields = curl_slist_append(fields, absl::StrCat(name, ": ", value).c_str());
  }
  char error[CURL_ERROR_SIZE] = "";
  curl_easy_reset(curl);
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_POST, 1L);
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.data());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE,
                   static_cast<long>(request.body.size()));
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, fields);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "chancery-refresher");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
  if (!state_->options.trust_file.empty()) {
    curl_easy_setopt(curl, CURLOPT_CAINFO, state_->options.trust_file.c_str());
  }
  curl_easy_setopt(curl, CURLOPT_NOPROXY, "localhost,127.0.0.1,::1");
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(absl::ToInt64Milliseconds(
                       state_->options.connect_timeout)));
  curl_easy_setopt(
      curl, CURLOPT_TIMEOUT_MS,
      static_cast<long>(absl::ToInt64Milliseconds(state_->options.timeout)));
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &Drop);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
  const CURLcode result = curl_easy_perform(curl);
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  curl_slist_free_all(fields);
  curl_easy_reset(curl);  // It points into this function.
  if (result != CURLE_OK) {
    return absl::UnavailableError(absl::StrCat(
        "HTTP: ", error[0] != '\0' ? error : curl_easy_strerror(result)));
  }
  if (status >= 200 && status < 300) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("HTTP: status ", status));
}

}  // namespace chancery::refresher
