// A Mapping is data that says how one agency's files are read; its analysts review it, not code.
//
//   {"version": 1, "service": "youth-offending",
//    "files":    {"cases": "cases.csv", "assessments": "asset*.zip"},
//    "columns":  {"cases": {"case_id": "case_id", "surname": "Family name"}},
//    "codes":    {"gender": {"m": "male"}},
//    "defaults": {"role": "yot-officer"},
//    "rules":    {…}}
//
// Each adapter has a whole mapping compiled in; an agency's file holds only what differs and is
// laid over it key by key (RFC 7396). A key that the adapter's own mapping does not know is an
// error and not a wish: a misspelt column name would otherwise drop a column in silence. Exempt are
// the keys of `codes` (theirs to add to) and `comment` anywhere.
//
// Immutable after loading; thread-safe.

#ifndef SIGNPOST_ADAPTERS_KIT_MAPPING_H_
#define SIGNPOST_ADAPTERS_KIT_MAPPING_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "adapters/kit/csv.h"
#include "nlohmann/json.hpp"

namespace signpost::adapters {

class Mapping {
 public:
  // `base` is the adapter's own, `overlay` the agency's or empty, `source` the latter's name.
  // Errors: kInvalidField, with one violation for each fault, its field being the path, e.g.
  // "columns.cases.surnam: no such key; did you mean \"surname\"?".
  [[nodiscard]] static absl::StatusOr<Mapping> Parse(absl::string_view base,
                                                     absl::string_view overlay,
                                                     const std::string& source);

  const std::string& service() const { return service_; }
  // File name pattern ('*' stands for any text) of what the adapter calls `key`.
  // REQUIRES: the adapter's own mapping has it. The same holds for the others below.
  std::string File(const std::string& key) const;
  std::vector<CsvColumn> Columns(const std::string& table) const;
  std::string Default(const std::string& key) const;
  bool BooleanRule(const std::string& key) const;

  // What `value` means in code table `table`; compared without case. Nothing for a code that the
  // table does not have.
  std::optional<std::string> Code(const std::string& table, absl::string_view value) const;

  // A characteristic that becomes a flag, by a rule that somebody wrote down.
  struct CharacteristicRule {
    std::string code;
    std::string service;
    std::string written_rule;  // where it is written and who approved it
  };
  const std::vector<CharacteristicRule>& characteristic_rules() const {
    return characteristic_rules_;
  }

 private:
  Mapping() = default;
  // An object of the mapping, or an empty one.
  const nlohmann::json& Part(const char* name) const;
  nlohmann::json json_;
  std::string service_;
  std::vector<CharacteristicRule> characteristic_rules_;
};

}  // namespace signpost::adapters

#endif  // SIGNPOST_ADAPTERS_KIT_MAPPING_H_
