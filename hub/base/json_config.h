// ConfigObject is a reader that says everything that is wrong with a JSON configuration.
//
//   SIGNPOST_ASSIGN_OR_RETURN(ConfigObject config, ConfigObject::ReadFile(path));
//   options.listen = config.String("listen");
//   options.threads = static_cast<int>(config.IntegerOr("threads", 4, 1, 256));
//   ConfigObject tls = config.Object("tls");
//   options.certificate = tls.String("certificate");
//   SIGNPOST_RETURN_IF_ERROR(config.Finish());
//
// Getters never fail: they note what is wrong, hand back something harmless and go on, and Finish()
// reports all of it: keys that are missing, of the wrong type, out of range, and keys nobody asked
// for, with the nearest known one ("listn: unknown key; did you mean \"listen\"?"). So nothing read
// may be used before Finish() is OK.
//
// Copies share the notes. Not thread-safe.

#ifndef SIGNPOST_HUB_BASE_JSON_CONFIG_H_
#define SIGNPOST_HUB_BASE_JSON_CONFIG_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "nlohmann/json_fwd.hpp"

namespace signpost::base {

class ConfigObject {
 public:
  // Errors: kInvalidField when the text is not one JSON object (see strict_json.h). `source` is the
  // file's name, for messages.
  [[nodiscard]] static absl::StatusOr<ConfigObject> Parse(absl::string_view text,
                                                          const std::string& source);
  // Errors: also kInvalidField when the file cannot be read or is over kConfigBytesMax.
  [[nodiscard]] static absl::StatusOr<ConfigObject> ReadFile(const std::string& path);

  bool Has(const std::string& key) const;

  // A string that must be there and not be empty.
  std::string String(const std::string& key);
  std::string StringOr(const std::string& key, const std::string& fallback);
  // One of `choices`.
  std::string ChoiceOr(const std::string& key, const std::vector<std::string>& choices,
                       const std::string& fallback);
  // A whole number from `min` to `max`.
  int64_t Integer(const std::string& key, int64_t min, int64_t max);
  int64_t IntegerOr(const std::string& key, int64_t fallback, int64_t min, int64_t max);
  bool BooleanOr(const std::string& key, bool fallback);
  // Text such as "250ms", "5s" or "24h", not negative.
  absl::Duration DurationOr(const std::string& key, absl::Duration fallback);
  // An array of strings; empty when absent.
  std::vector<std::string> Strings(const std::string& key);
  // An object that must be there.
  ConfigObject Object(const std::string& key);
  // An object; when absent as if empty, and nothing is said of what it then lacks: ask Has() where
  // that matters.
  ConfigObject ObjectOrEmpty(const std::string& key);
  // An array of objects; empty when absent.
  std::vector<ConfigObject> Objects(const std::string& key);

  // "tls.certificate" for a key of this object, for messages of the caller's own checks.
  std::string PathOf(const std::string& key) const;
  // Adds a finding of the caller's own.
  void Complain(const std::string& key, const std::string& description);

  // OK when nothing is wrong with anything read through this object, its parents or its children.
  // Otherwise kInvalidField naming the source, with one violation a finding. Call it last.
  [[nodiscard]] absl::Status Finish() const;

 private:
  struct Document;
  struct Node;
  ConfigObject(std::shared_ptr<Document> document, Node* node);

  // The value of `key`, or null; the key counts as known from then on.
  const nlohmann::json* Find(const std::string& key) const;
  // The same, noting that it is missing.
  const nlohmann::json* Need(const std::string& key);

  std::shared_ptr<Document> document_;
  Node* node_;  // owned by the document
};

}  // namespace signpost::base

#endif  // SIGNPOST_HUB_BASE_JSON_CONFIG_H_
