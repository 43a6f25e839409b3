#include "tools/chancery/json.h"

#include "nlohmann/json.hpp"

namespace chancery::cli {

struct JsonObject::State {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
};

JsonObject::JsonObject() : state_(std::make_unique<State>()) {}
JsonObject::~JsonObject() = default;
JsonObject::JsonObject(JsonObject&&) noexcept = default;
JsonObject& JsonObject::operator=(JsonObject&&) noexcept = default;

JsonObject::JsonObject(const JsonObject& other)
    : state_(std::make_unique<State>(*other.state_)) {}

JsonObject& JsonObject::operator=(const JsonObject& other) {
  *state_ = *other.state_;
  return *this;
}

JsonObject& JsonObject::SetText(absl::string_view name,
                                absl::string_view value) {
  state_->json[std::string(name)] = std::string(value);
  return *this;
}

JsonObject& JsonObject::SetNumber(absl::string_view name, int64_t value) {
  state_->json[std::string(name)] = value;
  return *this;
}

JsonObject& JsonObject::SetBool(absl::string_view name, bool value) {
  state_->json[std::string(name)] = value;
  return *this;
}

JsonObject& JsonObject::SetNull(absl::string_view name) {
  state_->json[std::string(name)] = nullptr;
  return *this;
}

JsonObject& JsonObject::SetNumbers(absl::string_view name,
                                   const std::vector<int64_t>& values) {
  state_->json[std::string(name)] = values;
  return *this;
}

JsonObject& JsonObject::SetTexts(absl::string_view name,
                                 const std::vector<std::string>& values) {
  auto& list = state_->json[std::string(name)] =
      nlohmann::ordered_json::array();
  for (const std::string& value : values) list.push_back(value);
  return *this;
}

JsonObject& JsonObject::SetObject(absl::string_view name,
                                  const JsonObject& value) {
  state_->json[std::string(name)] = value.state_->json;
  return *this;
}

JsonObject& JsonObject::SetObjects(absl::string_view name,
                                   const std::vector<JsonObject>& values) {
  auto& list = state_->json[std::string(name)] =
      nlohmann::ordered_json::array();
  for (const JsonObject& value : values) list.push_back(value.state_->json);
  return *this;
}

std::string JsonObject::Print() const {
  return state_->json.dump(2, ' ', false,
                           nlohmann::json::error_handler_t::replace) +
         "\n";
}

}  // namespace chancery::cli
