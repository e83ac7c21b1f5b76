#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "hub/audit/export.h"
#include "hub/audit/filter.h"
#include "hub/base/encoding.h"

namespace signpost::audit {

namespace {

std::string CsvField(const std::string& value) {
  std::string text = CleanText(value);
  // What a spreadsheet would take for a formula, also behind what it trims.
  const size_t first = text.find_first_not_of(' ');
  if (first != std::string::npos &&
      std::string("=+-@\t\r\n").find(text[first]) != std::string::npos) {
    text.insert(0, 1, '\'');
  }
  // The full-width forms of the same signs, U+FF1D, U+FF0B, U+FF0D and U+FF20.
  for (const char* wide : {"\xEF\xBC\x9D", "\xEF\xBC\x8B", "\xEF\xBC\x8D", "\xEF\xBC\xA0"}) {
    if (text.compare(first == std::string::npos ? 0 : first, 3, wide) == 0) {
      text.insert(0, 1, '\'');
      break;
    }
  }
  if (text.find_first_of(",\"\r\n;\t' ") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

struct Column {
  const char* name;
  std::string (*value)(const Exported&);
};

template <typename Get>
std::string OfReleased(const Exported& exported, Get get) {
  std::vector<std::string> values;
  for (const ledger::v1::Released& released : exported.entry.released()) {
    std::string value = get(released);
    if (!value.empty() && std::find(values.begin(), values.end(), value) == values.end()) {
      values.push_back(std::move(value));
    }
  }
  return absl::StrJoin(values, "; ");
}

std::string NumberOrNothing(int64_t number) { return number == 0 ? "" : absl::StrCat(number); }

const std::vector<Column>& Columns() {
  using E = Exported;
  static const auto* const columns = new std::vector<Column>{
      {"index", [](const E& e) { return absl::StrCat(e.entry.index()); }},
      {"sequenced_at", [](const E& e) { return TimeText(e.entry.sequenced_at_us()); }},
      {"kind", [](const E& e) { return KindWord(e.entry.kind()); }},
      {"outcome", [](const E& e) { return OutcomeText(e.entry); }},
      {"agency_id", [](const E& e) { return e.entry.agency_id(); }},
      {"agency_counter",
       [](const E& e) { return NumberOrNothing(static_cast<int64_t>(e.entry.agency_counter())); }},
      {"practitioner_id", [](const E& e) { return e.entry.practitioner_id(); }},
      {"role", [](const E& e) { return e.entry.role(); }},
      {"team_ids", [](const E& e) { return absl::StrJoin(e.entry.team_ids(), "; "); }},
      {"assurance", [](const E& e) { return e.entry.assurance(); }},
      {"system", [](const E& e) { return e.entry.system(); }},
      {"purpose", [](const E& e) { return EnumWord(e.entry.purpose()); }},
      {"relationships",
       [](const E& e) {
         return absl::StrJoin(RelationshipWords(e.entry.who_knows().relationships()), "; ");
       }},
      {"asked",
       [](const E& e) { return absl::StrJoin(AspectWords(e.entry.who_knows().asked()), "; "); }},
      {"asked_assessment_kind", [](const E& e) { return e.entry.who_knows().assessment_kind(); }},
      {"person_ref", [](const E& e) { return base::HexEncode(e.entry.person_ref()); }},
      {"particulars",
       [](const E& e) {
         return absl::StrJoin(ParticularsOf(e.entry), "; ",
                              [](std::string* out, const Detail& detail) {
                                absl::StrAppend(out, detail.type, " ", detail.value);
                              });
       }},
      {"request_hash", [](const E& e) { return base::HexEncode(e.entry.request_hash()); }},
      {"released_flags", [](const E& e) { return absl::StrCat(e.entry.released_size()); }},
      {"released_aspects",
       [](const E& e) {
         return OfReleased(
             e, [](const ledger::v1::Released& r) { return Joined(AspectWords(r.aspects())); });
       }},
      {"released_holders",
       [](const E& e) {
         return OfReleased(e, [](const ledger::v1::Released& r) { return r.holder_agency_id(); });
       }},
      {"released_rules",
       [](const E& e) {
         return OfReleased(e, [](const ledger::v1::Released& r) { return Joined(r.rules()); });
       }},
      {"released_agreements",
       [](const E& e) {
         return OfReleased(e, [](const ledger::v1::Released& r) { return r.agreement(); });
       }},
      {"released_gateways",
       [](const E& e) {
         return OfReleased(e, [](const ledger::v1::Released& r) { return EnumWord(r.gateway()); });
       }},
      {"withheld",
       [](const E& e) {
         std::vector<std::string> rules;
         for (const ledger::v1::Withheld& one : e.entry.withheld()) {
           rules.push_back(absl::StrCat(one.rule(), " ", one.count()));
         }
         return absl::StrJoin(rules, "; ");
       }},
      {"override_ground",
       [](const E& e) { return EnumWord(e.entry.who_knows().override().ground()); }},
      {"override_rule", [](const E& e) { return e.entry.who_knows().override().rule(); }},
      {"override_allowed",
       [](const E& e) {
         return std::string(!e.entry.who_knows().has_override()        ? ""
                            : e.entry.who_knows().override().allowed() ? "true"
                                                                       : "false");
       }},
      {"override_review_due",
       [](const E& e) {
         const int64_t due_s = e.entry.who_knows().override().review_due_s();
         return due_s == 0 ? "" : TimeText(due_s * 1'000'000);
       }},
      {"policy_version", [](const E& e) { return NumberOrNothing(e.entry.policy_version()); }},
      {"policy_sha256", [](const E& e) { return base::HexEncode(e.entry.policy_sha256()); }},
      {"policy_vocabulary_sha256",
       [](const E& e) { return base::HexEncode(e.entry.policy_vocabulary_sha256()); }},
      {"reply_hash", [](const E& e) { return base::HexEncode(e.entry.reply_hash()); }},
      {"details_commitment",
       [](const E& e) { return base::HexEncode(e.entry.details_commitment()); }},
      {"leaf_hash", [](const E& e) { return base::HexEncode(e.leaf_hash); }},
  };
  return *columns;
}

}  // namespace

std::string CsvHeader() {
  return absl::StrCat(
      absl::StrJoin(Columns(), ",",
                    [](std::string* out, const Column& column) { out->append(column.name); }),
      "\r\n");
}

std::string CsvRecord(const Exported& exported) {
  return absl::StrCat(absl::StrJoin(Columns(), ",",
                                    [&](std::string* out, const Column& column) {
                                      out->append(CsvField(column.value(exported)));
                                    }),
                      "\r\n");
}

}  // namespace signpost::audit
