#include "hub/audit/mask.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "google/protobuf/descriptor.h"

namespace signpost::audit {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

namespace {

// Every policy has this group; that a rule is about it says no more than that it is about some
// sensitive service.
constexpr absl::string_view kSensitiveGroup = "sensitive";

bool IsText(const FieldDescriptor& field) { return field.type() == FieldDescriptor::TYPE_STRING; }

// Rules and agreements are not ids of agencies: what they name, the policy's text says.
bool IsRule(const FieldDescriptor& field) {
  return field.name() == "rule" || field.name() == "rules" || field.name() == "agreement";
}

std::vector<const FieldDescriptor*> FieldsSet(const Message& message) {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  return fields;
}

std::vector<std::string> Values(const Message& message, const FieldDescriptor& field) {
  const auto* reflection = message.GetReflection();
  if (!field.is_repeated()) return {reflection->GetString(message, &field)};
  std::vector<std::string> values;
  for (int i = 0; i < reflection->FieldSize(message, &field); ++i) {
    values.push_back(reflection->GetRepeatedString(message, &field, i));
  }
  return values;
}

// One word in its place: how many there were would tell, too.
void PutWord(const FieldDescriptor& field, Message* message) {
  const auto* reflection = message->GetReflection();
  if (!field.is_repeated()) {
    reflection->SetString(message, &field, kMaskedWord);
    return;
  }
  reflection->ClearField(message, &field);
  reflection->AddString(message, &field, kMaskedWord);
}

template <typename Visit>
void ForEachInner(Message* message, const FieldDescriptor& field, Visit visit) {
  const auto* reflection = message->GetReflection();
  if (!field.is_repeated()) return visit(reflection->MutableMessage(message, &field));
  for (int i = 0; i < reflection->FieldSize(*message, &field); ++i) {
    visit(reflection->MutableRepeatedMessage(message, &field, i));
  }
}

class Masking {
 public:
  Masking(const SensitiveNames& names, RuleNames rule_names)
      : names_(names), rule_names_(rule_names) {}

  bool Tells(const Message& message, const FieldDescriptor& field) const {
    for (const std::string& value : Values(message, field)) {
      if (names_.Names(value) || (IsRule(field) && rule_names_(value))) return true;
    }
    return false;
  }

  // Masks in a part of an entry. With `all` whatever text it has; otherwise all of its texts where
  // one of them tells, for the others belong to it. Gives whether anything was masked.
  bool MaskPart(bool all, Message* part) const {
    bool tells = all;
    const std::vector<const FieldDescriptor*> fields = FieldsSet(*part);
    for (const FieldDescriptor* field : fields) {
      if (!tells && IsText(*field)) tells = Tells(*part, *field);
    }
    bool masked = false;
    for (const FieldDescriptor* field : fields) {
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        ForEachInner(part, *field, [&](Message* inner) { masked |= MaskPart(tells, inner); });
      } else if (tells && IsText(*field)) {
        PutWord(*field, part);
        masked = true;
      } else if (tells && field->name() == "record_sha256") {
        // Of a record that is known word for word but for whose it is.
        part->GetReflection()->ClearField(part, field);
      }
    }
    return masked;
  }

  // What was released: whose it was where that is to be masked, and by which rules.
  bool MaskReleased(bool act_is_masked, ledger::v1::Released* released) const {
    if (MaskPart(false, released)) return true;
    if (!act_is_masked) return false;
    // Whom the rules let ask is in their text.
    for (const char* name : {"rules", "agreement"}) {
      const FieldDescriptor* field = released->GetDescriptor()->FindFieldByName(name);
      if (!Values(*released, *field).empty() && !Values(*released, *field)[0].empty()) {
        PutWord(*field, released);
      }
    }
    return true;
  }

  // Gives whether anything was masked.
  bool MaskWithheld(bool act_is_masked, ledger::v1::LedgerEntry* entry) const {
    std::vector<ledger::v1::Withheld> kept;
    uint32_t count = 0;
    for (const ledger::v1::Withheld& one : entry->withheld()) {
      if (act_is_masked || names_.Names(one.rule()) || rule_names_(one.rule())) {
        count += one.count();
      } else {
        kept.push_back(one);
      }
    }
    if (kept.size() == static_cast<size_t>(entry->withheld_size())) return false;
    entry->clear_withheld();
    for (ledger::v1::Withheld& one : kept) *entry->add_withheld() = std::move(one);
    ledger::v1::Withheld* masked = entry->add_withheld();
    masked->set_rule(kMaskedWord);
    masked->set_count(count);
    return true;
  }

  bool MaskEntry(ledger::v1::LedgerEntry* entry) const {
    const bool act = names_.Names(entry->agency_id()) || names_.Names(entry->system());
    bool masked = act;
    if (act) {
      entry->set_agency_id(kMaskedWord);
      if (!entry->system().empty()) entry->set_system(kMaskedWord);
      if (!entry->practitioner_id().empty()) entry->set_practitioner_id(kMaskedWord);
      if (!entry->role().empty()) entry->set_role(kMaskedWord);
      // Both would tell which masked acts are one agency's.
      entry->clear_agency_counter();
      entry->clear_request_hash();
    }
    for (const std::string& team : entry->team_ids()) {
      if (!act && !names_.Names(team)) continue;
      entry->clear_team_ids();
      entry->add_team_ids(kMaskedWord);
      masked = true;
      break;
    }
    for (ledger::v1::Released& released : *entry->mutable_released()) {
      masked |= MaskReleased(act, &released);
    }
    masked |= MaskWithheld(act, entry);
    const auto* reflection = entry->GetReflection();
    const FieldDescriptor* detail =
        reflection->GetOneofFieldDescriptor(*entry, entry->GetDescriptor()->oneof_decl(0));
    if (detail != nullptr) masked |= MaskPart(act, reflection->MutableMessage(entry, detail));
    return masked;
  }

 private:
  const SensitiveNames& names_;
  const RuleNames rule_names_;
};

void CollectAgencies(const Message& message, const SensitiveNames& names,
                     std::set<std::string>* out) {
  const auto* reflection = message.GetReflection();
  for (const FieldDescriptor* field : FieldsSet(message)) {
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      const int count = field->is_repeated() ? reflection->FieldSize(message, field) : 1;
      for (int i = 0; i < count; ++i) {
        CollectAgencies(field->is_repeated() ? reflection->GetRepeatedMessage(message, field, i)
                                             : reflection->GetMessage(message, field),
                        names, out);
      }
    } else if (IsText(*field)) {
      for (const std::string& value : Values(message, *field)) {
        if (const auto* agencies = names.AgenciesNamed(value); agencies != nullptr) {
          out->insert(agencies->begin(), agencies->end());
        }
      }
    }
  }
}

bool IsWordCharacter(char c) { return absl::ascii_isalnum(c) || c == '-' || c == '_'; }

// The words of one line of a policy, without comments and what stands between quotes.
std::vector<std::string> WordsOf(absl::string_view line) {
  std::vector<std::string> words;
  std::string word;
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') quoted = !quoted;
    if (c == '#' && !quoted) break;
    if (!quoted && IsWordCharacter(c)) {
      word += c;
    } else if (!word.empty()) {
      words.push_back(std::move(word));
      word.clear();
    }
  }
  if (!word.empty()) words.push_back(std::move(word));
  return words;
}

}  // namespace

void SensitiveNames::Add(absl::string_view id, absl::string_view agency_id) {
  if (!id.empty()) agencies_[std::string(id)].insert(std::string(agency_id));
}

const std::set<std::string>* SensitiveNames::AgenciesNamed(absl::string_view text) const {
  if (const auto whole = agencies_.find(text); whole != agencies_.end()) return &whole->second;
  if (!absl::StrContains(text, "/")) return nullptr;
  for (const absl::string_view part : absl::StrSplit(text, '/')) {
    if (const auto found = agencies_.find(part); found != agencies_.end()) return &found->second;
  }
  return nullptr;
}

absl::flat_hash_set<std::string> SensitiveNames::RulesThatName(
    absl::string_view policy_text) const {
  absl::flat_hash_set<std::string> groups;  // that lead to one
  absl::flat_hash_set<std::string> rules;
  std::string agreement;              // that the paragraph stands in
  std::vector<std::string> under_it;  // its rules
  bool agreement_names = false;
  std::string rule;
  for (const absl::string_view line : absl::StrSplit(policy_text, '\n')) {
    const std::vector<std::string> words = WordsOf(line);
    if (words.empty()) continue;
    const std::string& first = words[0];
    const bool ends_agreement = first == "end" && words.size() > 1 && words[1] == "agreement";
    if (first == "agreement" || ends_agreement) {
      agreement = first == "agreement" && words.size() > 1 ? words[1] : "";
      rule.clear();
      under_it.clear();
      agreement_names = false;
      if (ends_agreement) continue;
    } else if (first == "rule" || first == "override") {
      rule = words.size() > 1 ? words[1] : "";
      if (!agreement.empty()) {
        under_it.push_back(rule);
        if (agreement_names) rules.insert(rule);
      }
    } else if (first == "example" || first == "check") {
      rule.clear();
      continue;
    }
    bool names = false;
    for (const std::string& word : words) {
      names |= agencies_.contains(word) || policy_words_.contains(word) || groups.contains(word);
    }
    if (!names) continue;
    if (first == "group") {
      if (words.size() > 1 && words[1] != kSensitiveGroup) groups.insert(words[1]);
    } else if (!rule.empty()) {
      rules.insert(rule);
    } else if (!agreement.empty()) {
      agreement_names = true;
      rules.insert(agreement);
      rules.insert(under_it.begin(), under_it.end());
    }
  }
  return rules;
}

std::optional<ledger::v1::LedgerEntry> Masked(const ledger::v1::LedgerEntry& entry,
                                              const SensitiveNames& names, RuleNames rule_names) {
  ledger::v1::LedgerEntry masked = entry;
  if (!Masking(names, rule_names).MaskEntry(&masked)) return std::nullopt;
  masked.set_masked(true);
  masked.clear_nonce();
  masked.clear_sealed_details();
  masked.clear_details_commitment();
  return masked;
}

std::set<std::string> AgenciesNamedIn(const ledger::v1::LedgerEntry& entry,
                                      const SensitiveNames& names) {
  std::set<std::string> agencies;
  CollectAgencies(entry, names, &agencies);
  return agencies;
}

}  // namespace signpost::audit
