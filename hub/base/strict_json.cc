#include "hub/base/strict_json.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "hub/base/error.h"

namespace signpost::base {
namespace {

using Json = nlohmann::json;

// Builds the value as the parser reads it, and stops at the first thing we do not accept.
class Builder final : public nlohmann::json_sax<Json> {
 public:
  explicit Builder(int depth_max) : depth_max_(static_cast<size_t>(depth_max)) {}

  bool null() override { return Add(Json(nullptr)) != nullptr; }
  bool boolean(bool value) override { return Add(Json(value)) != nullptr; }
  bool number_integer(number_integer_t value) override { return Add(Json(value)) != nullptr; }
  bool number_unsigned(number_unsigned_t value) override { return Add(Json(value)) != nullptr; }
  bool number_float(number_float_t value, const string_t&) override {
    return Add(Json(value)) != nullptr;
  }
  bool string(string_t& value) override { return Add(Json(std::move(value))) != nullptr; }
  bool binary(binary_t&) override { return Refuse("holds binary"); }
  bool start_object(std::size_t) override { return Enter(Json::object()); }
  bool start_array(std::size_t) override { return Enter(Json::array()); }
  bool end_object() override { return Leave(); }
  bool end_array() override { return Leave(); }
  bool key(string_t& name) override {
    if (open_.back()->contains(name)) return Refuse("names a key twice");
    key_ = std::move(name);
    return true;
  }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    return Refuse(absl::StrCat("is not JSON at byte ", position));
  }

  const std::string& refusal() const { return refusal_; }
  Json Take() { return std::move(root_); }

 private:
  // Where `value` now stands.
  Json* Add(Json value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    Json* const parent = open_.back();
    if (parent->is_array()) {
      parent->push_back(std::move(value));
      return &parent->back();
    }
    return &((*parent)[key_] = std::move(value));
  }
  bool Enter(Json container) {
    if (open_.size() >= depth_max_) return Refuse("is nested too deeply");
    // A parent does not change while its child is open, so the pointer stays good.
    open_.push_back(Add(std::move(container)));
    return true;
  }
  bool Leave() {
    open_.pop_back();
    return true;
  }
  bool Refuse(const std::string& why) {
    refusal_ = why;
    return false;
  }

  const size_t depth_max_;
  Json root_;
  std::vector<Json*> open_;
  std::string key_;
  std::string refusal_;
};

}  // namespace

absl::StatusOr<nlohmann::json> ParseStrictJson(absl::string_view text, int depth_max) {
  // The parser would skip a byte order mark.
  if (absl::StartsWith(text, "\xef\xbb\xbf")) {
    return InvalidField("json", "starts with a byte order mark");
  }
  Builder builder(depth_max);
  if (!Json::sax_parse(text.begin(), text.end(), &builder)) {
    return InvalidField("json", builder.refusal());
  }
  return builder.Take();
}

}  // namespace signpost::base
