// Puts load on HTTP servers, slice by slice as standard input says:
//
//   port=8080 pids=17,18 mix=random method=get seconds=0.6
//
// and answers each line by one of JSON. One process for all slices, so that
// what was drawn beforehand is there and caches are warm.
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "tests/bench/load.h"

ABSL_FLAG(std::string, request, "", "A file with an OCSPRequest, no nonce.");
ABSL_FLAG(std::string, samples, "", "Where to keep a sample of answers.");
ABSL_FLAG(int, connections, 32, "Kept alive.");

namespace chancery::bench {
namespace {

// One line's fields.
using Fields = std::map<std::string, std::string>;

std::string Get(const Fields& fields, const std::string& name,
                const std::string& otherwise) {
  const auto found = fields.find(name);
  return found == fields.end() ? otherwise : found->second;
}

Mix MixOf(const Fields& fields) {
  const std::string name = Get(fields, "mix", "popular");
  return name == "random"    ? Mix::kRandom
         : name == "unknown" ? Mix::kUnknown
                             : Mix::kPopular;
}

class Commands {
 public:
  Commands(std::string request, std::FILE* samples)
      : request_(std::move(request)), samples_(samples) {}

  Outcome Do(const Fields& fields) {
    const Mix mix = MixOf(fields);
    const uint64_t certificates =
        std::stoull(Get(fields, "certificates", "1000000"));
    auto& draw = draws_[{mix, certificates}];
    if (draw == nullptr) draw = std::make_unique<Draw>(mix, certificates);
    const std::string method = Get(fields, "method", "get");
    const std::string path = Get(fields, "path", "/");
    const RequestWriter writer(method == "post"    ? Method::kPost
                               : method == "fixed" ? Method::kFixed
                                                   : Method::kGet,
                               request_, path);
    Slice slice{.port = std::stoi(Get(fields, "port", "0")),
                .connections = absl::GetFlag(FLAGS_connections),
                .mix = mix,
                .writer = &writer,
                .draw = draw.get(),
                .seconds = std::stod(Get(fields, "seconds", "1")),
                .rate = std::stod(Get(fields, "rate", "0")),
                .constant = Get(fields, "constant", "0") == "1",
                .flip = Get(fields, "flip", "0") == "1",
                .samples = samples_};
    std::istringstream pids(Get(fields, "pids", ""));
    for (std::string pid; std::getline(pids, pid, ',');) {
      slice.pids.push_back(pid);
    }
    return Run(slice);
  }

 private:
  const std::string request_;
  std::FILE* const samples_;
  std::map<std::pair<Mix, uint64_t>, std::unique_ptr<Draw>> draws_;
};

void Print(const Outcome& outcome) {
  std::printf(
      "{\"requests\": %llu, \"seconds\": %.6f, \"cpu_seconds\": %.6f, "
      "\"wrong\": %llu, \"first_wrong\": \"%s\", \"p50_ms\": %.4f, "
      "\"p99_ms\": %.4f, \"max_ms\": %.4f}\n",
      static_cast<unsigned long long>(outcome.requests), outcome.seconds,
      outcome.cpu_seconds, static_cast<unsigned long long>(outcome.wrong),
      outcome.first_wrong.c_str(), outcome.p50_ms, outcome.p99_ms,
      outcome.max_ms);
}

int Serve() {
  std::ifstream file(absl::GetFlag(FLAGS_request), std::ios::binary);
  std::string request{std::istreambuf_iterator<char>(file), {}};
  const std::string samples = absl::GetFlag(FLAGS_samples);
  std::FILE* const out =
      samples.empty() ? nullptr : std::fopen(samples.c_str(), "wb");
  if (request.size() < kSerialSize || (out == nullptr && !samples.empty())) {
    std::fprintf(stderr, "http_load: --request or --samples is no file\n");
    return 1;
  }
  Commands commands(std::move(request), out);
  for (std::string line; std::getline(std::cin, line);) {
    Fields fields;
    std::istringstream words(line);
    for (std::string word; words >> word;) {
      const size_t equals = word.find('=');
      if (equals != std::string::npos) {
        fields[word.substr(0, equals)] = word.substr(equals + 1);
      }
    }
    Print(commands.Do(fields));
    std::fflush(stdout);
    if (out != nullptr) std::fflush(out);
  }
  if (out != nullptr) std::fclose(out);
  return 0;
}

}  // namespace
}  // namespace chancery::bench

int main(int argc, char** argv) {
  absl::ParseCommandLine(argc, argv);
  return chancery::bench::Serve();
}
