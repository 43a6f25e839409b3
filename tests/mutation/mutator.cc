#include "tests/mutation/mutator.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/encoding.h"

namespace chancery::mutation {
namespace {

constexpr size_t kMostRequests = 48;

std::string Percent(char c) {
  return absl::StrCat(
      "%", absl::Hex(static_cast<unsigned char>(c), absl::kZeroPad2));
}

absl::string_view Text(std::string_view text) {
  return {text.data(), text.size()};
}

}  // namespace

Stream Mutator::Next() {
  Stream stream;
  if (Chance(30)) {
    const ValidRequest& request = valid_[Below(valid_.size())];
    stream.octets += Http(request.der, Care::kRight);
    stream.certain.push_back(request.answer);
  }
  // The framing of these is in order, so that each is answered.
  for (size_t left = 1 + Below(kMostRequests); left > 0; --left) {
    stream.octets += Http(Chance(90) ? DamagedRequest() : Any(), Care::kFramed);
    ++stream.mutated;
  }
  // The framing of these may be anything.
  for (size_t left = 1 + Below(2); left > 0; --left) {
    std::string last =
        Http(Chance(50) ? DamagedRequest() : Any(), Care::kCareless);
    if (Chance(70)) Damage(last);
    stream.octets += last;
    ++stream.mutated;
  }
  if (Chance(30)) stream.octets += Http(Any(), Care::kRight);
  if (Chance(20)) {
    for (size_t left = 1 + Below(4); left > 0; --left) {
      stream.cuts.push_back(Below(stream.octets.size()));
    }
    std::sort(stream.cuts.begin(), stream.cuts.end());
  }
  return stream;
}

void Mutator::Damage(std::string& text) {
  for (size_t left = 1 + Below(3); left > 0 && !text.empty(); --left) {
    const size_t at = Below(text.size());
    const size_t size = std::min(text.size() - at, 1 + Below(16));
    switch (Below(10)) {
      case 0:
      case 1:
        text[at] = static_cast<char>(text[at] ^ (1 << Below(8)));
        break;
      case 2:
        text[at] = static_cast<char>(Below(256));
        break;
      case 3:
        text.insert(at, 1, static_cast<char>(Below(256)));
        break;
      case 4:
        text.erase(at, size);
        break;
      case 5:
        text.insert(at, text.substr(at, size));
        break;
      case 6:
        text[at] = static_cast<char>(text[at] + (Chance(50) ? 1 : -1));
        break;
      case 7:
        if (Chance(30)) text.resize(at);
        break;
      case 8:
        std::swap(text[at], text[Below(text.size())]);
        break;
      default: {
        static constexpr const char* kTokens[] = {
            "\r\n",
            "\n",
            "\r",
            " ",
            "\t",
            ":",
            "%",
            "%2",
            "%00",
            "/",
            "?",
            "=",
            "+",
            "0\r\n\r\n",
            "\r\n\r\n",
            "HTTP/1.1",
            "GET / HTTP/1.1\r\n",
            "Content-Length: 5\r\n",
            "Transfer-Encoding: chunked\r\n"};
        text.insert(at, kTokens[Below(std::size(kTokens))]);
      }
    }
  }
}

std::string Mutator::DamagedRequest() {
  std::string der = Any();
  switch (Below(6)) {
    case 0: {
      // The end of one behind the front of another.
      const std::string& other = Any();
      der =
          der.substr(0, Below(der.size())) + other.substr(Below(other.size()));
      break;
    }
    case 1: {
      // One octet, often a tag or a length, a little off.
      const size_t at = Below(der.size());
      der[at] = static_cast<char>(der[at] + static_cast<int>(Below(9)) - 4);
      break;
    }
    case 2:
      // What is behind the request.
      der.append(1 + Below(8), static_cast<char>(Below(256)));
      break;
    case 3: {
      // A long form or an indefinite length.
      const size_t at = Below(der.size());
      der[at] = static_cast<char>(0x80 + Below(5));
      break;
    }
    default:
      Damage(der);
  }
  return der;
}

std::string Mutator::Http(const std::string& der, Care care) {
  return Chance(50) ? Get(der, care) : Post(der, care);
}

std::string Mutator::Target(const std::string& der, Care care) {
  std::string base64 = base::Base64(base::AsBytes(der));
  if (Chance(20)) {
    while (!base64.empty() && base64.back() == '=') base64.pop_back();
  }
  const size_t plus = Below(3), slash = Below(2), equals = Below(2);
  const bool every = Chance(5), lines = Chance(5);
  std::string target(1 + (Chance(20) ? Below(3) : 0), '/');
  size_t column = 0;
  for (const char c : base64) {
    if (lines && column++ % 64 == 63) target += "%0d%0a";
    if (c == '+' && plus != 0) {
      target += plus == 1 ? "%2B" : "%20";
    } else if (every || (c == '/' && slash != 0) || (c == '=' && equals != 0)) {
      target += Percent(c);
    } else {
      target += c;
    }
  }
  if (Chance(5)) target += "?again=1";
  if (Chance(3)) target = "http://responder.example" + target;
  // In the target of a request whose framing stays in order there is no blank.
  if (care != Care::kRight && Chance(20)) {
    const size_t at = Below(target.size());
    target[at] = static_cast<char>('!' + Below('~' - '!'));
  }
  if (care == Care::kCareless && Chance(30)) Damage(target);
  return target;
}

std::string Mutator::Fields(Care care) {
  static constexpr const char* kHarmless[] = {
      "Accept: */*\r\n",
      "User-Agent: Microsoft-CryptoAPI/10.0\r\n",
      "Accept-Encoding: gzip, deflate\r\n",
      "Cache-Control: max-age = 3600\r\n",
      "Connection: Keep-Alive\r\n",
      "If-None-Match: \"0\"\r\n",
      "Range: bytes=0-3\r\n",
      "X-Forwarded-For: 192.0.2.1\r\n"};
  static constexpr const char* kOdd[] = {
      "Connection: close\r\n",
      "Content-Length: 0\r\n",
      "Content-Length: 18446744073709551616\r\n",
      "Content-Length: +7\r\n",
      "Transfer-Encoding: chunked\r\n",
      "Transfer-Encoding: gzip, chunked\r\n",
      "Transfer-Encoding : chunked\r\n",
      "Expect: 100-continue\r\n",
      "Expect: something\r\n",
      "Host: again\r\n",
      "If-None-Match: *\r\n",
      "If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT\r\n",
      "Upgrade: h2c\r\nConnection: Upgrade\r\n",
      "Folded: a\r\n b\r\n",
      ": no name\r\n",
      "No colon\r\n"};
  std::string fields = "Host: responder.example\r\n";
  for (size_t left = Below(4); left > 0; --left) {
    fields += kHarmless[Below(std::size(kHarmless))];
  }
  if (care != Care::kCareless) return fields;
  if (Chance(60)) fields += kOdd[Below(std::size(kOdd))];
  if (Chance(3)) fields += "Long: " + std::string(Below(9000), 'x') + "\r\n";
  if (Chance(5)) fields.erase(0, fields.find('\n') + 1);
  return fields;
}

std::string Mutator::Get(const std::string& der, Care care) {
  static constexpr const char* kMethods[] = {"HEAD", "PUT", "OPTIONS", "get",
                                             "GETT"};
  static constexpr const char* kVersions[] = {"HTTP/1.0", "HTTP/2.0",
                                              "HTTP/1.2", "http/1.1", ""};
  const bool odd_method = care == Care::kCareless && Chance(20);
  const bool odd_version = care == Care::kCareless && Chance(20);
  return absl::StrCat(
      odd_method ? kMethods[Below(std::size(kMethods))] : "GET", " ",
      Target(der, care), " ",
      odd_version ? kVersions[Below(std::size(kVersions))] : "HTTP/1.1", "\r\n",
      Fields(care), "\r\n");
}

std::string Mutator::Chunked(std::string_view body, Care care) {
  std::string out;
  while (!body.empty()) {
    const size_t size = std::min(body.size(), 1 + Below(body.size() + 8));
    const size_t said =
        care == Care::kCareless && Chance(10) ? size + Below(5) - 2 : size;
    absl::StrAppend(&out, absl::Hex(said), Chance(10) ? ";name=value" : "",
                    "\r\n", Text(body.substr(0, size)), "\r\n");
    body.remove_prefix(size);
  }
  return out + "0\r\n" + (Chance(10) ? "Trailer: x\r\n" : "") + "\r\n";
}

std::string Mutator::Post(const std::string& der, Care care) {
  std::string head = absl::StrCat("POST / HTTP/1.1\r\n", Fields(care));
  if (Chance(90)) head += "Content-Type: application/ocsp-request\r\n";
  if (Chance(20)) {
    return head + "Transfer-Encoding: chunked\r\n\r\n" + Chunked(der, care);
  }
  const size_t said = care == Care::kCareless && Chance(30)
                          ? der.size() + Below(9) - 4
                          : der.size();
  return absl::StrCat(head, "Content-Length: ", said, "\r\n\r\n", der);
}

}  // namespace chancery::mutation
