#include "tests/crash/notebook.h"

#include <algorithm>
#include <set>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "hub/tlog/merkle.h"

namespace signpost::crash {
namespace {

constexpr char kWorker[] = "Worker ";

void SetDate(int year, int month, int day, v1::Date* date) {
  date->set_year(year);
  date->set_month(month);
  date->set_day(day);
}

// A name for each number, with no two of them alike but for few letters.
std::string Name(const char* stem, uint32_t number) {
  std::string name = stem;
  uint32_t mixed = number * 2654435761u;  // spreads neighbours
  for (int i = 0; i < 7; ++i, mixed /= 26) name += static_cast<char>('a' + mixed % 26);
  return name;
}

}  // namespace

v1::PersonDetails Person(int number) {
  v1::PersonDetails details;
  const auto n = static_cast<uint32_t>(number);
  details.set_given_names(Name("A", n));
  details.set_surname(Name("O", n + 100'000));
  SetDate(2006 + number % 4, 2 + number % 11, 2 + number % 26, details.mutable_birth_date());
  constexpr char kLetters[] = "ABDEFGHJLN";
  details.set_postcode(absl::StrCat("NT", 1 + number % 9, " ", number / 9 % 10,
                                    std::string(1, kLetters[number / 90 % 10]),
                                    std::string(1, kLetters[number / 900 % 10])));
  return details;
}

v1::FlagReport Report(const RecordNote& note, int version) {
  v1::FlagReport report;
  report.set_record_id(note.record_id);
  *report.mutable_person() = Person(note.person);
  const bool yot = note.agency == "nortown-yot";
  report.set_service(yot ? "youth-offending" : "connexions");
  report.set_status(v1::FLAG_STATUS_OPEN);
  SetDate(2026, 3, 2, report.mutable_opened_on());
  if (version % 4 == 0) {
    report.set_status(v1::FLAG_STATUS_CLOSED);
    SetDate(2026, 4, 2, report.mutable_closed_on());
  }
  report.mutable_contact()->set_practitioner_id(yot ? "yo-001" : "pa-001");
  report.mutable_contact()->set_name(absl::StrCat(kWorker, version));
  report.mutable_contact()->set_phone("01632 960123");
  if (yot) {
    v1::AssessmentPointer* pointer = report.add_assessments();
    pointer->set_kind("asset");
    SetDate(2026, 4, 1, pointer->mutable_assessed_on());
    pointer->add_sections("lifestyle");
  }
  return report;
}

int VersionOf(const v1::FlagView& flag) {
  const std::string& name = flag.contact().name();
  const size_t stem = sizeof(kWorker) - 1;
  int version = 0;
  if (name.compare(0, stem, kWorker) != 0 || !absl::SimpleAtoi(name.substr(stem), &version)) {
    return 0;
  }
  const bool closed = flag.status() == v1::FLAG_STATUS_CLOSED;
  // Half a report applied would be seen here.
  return closed == (version % 4 == 0) && flag.has_closed_on() == closed ? version : 0;
}

void CheckReceipts(const std::vector<ReceiptNote>& receipts,
                   const std::vector<std::string>& entries, Problems* problems) {
  tlog::Hasher hasher;
  for (const ReceiptNote& note : receipts) {
    const uint64_t index = note.receipt.ledger_index();
    const std::string which =
        absl::StrCat("receipt ", index, " (", ledger::v1::EntryKind_Name(note.kind), "): ");
    if (index >= entries.size()) {
      problems->push_back(which + absl::StrCat("the ledger ends at ", entries.size()));
      continue;
    }
    const std::string& bytes = entries[index];
    if (tlog::HashToString(hasher.Leaf(bytes)) != note.receipt.leaf_hash()) {
      problems->push_back(which + "another entry stands there");
      continue;
    }
    ledger::v1::LedgerEntry entry;
    if (!entry.ParseFromString(bytes) || entry.index() != index) {
      problems->push_back(which + "the entry does not carry its index");
      continue;
    }
    if (entry.kind() != note.kind) problems->push_back(which + "the entry is of another kind");
    if (!note.reply_hash.empty() && entry.reply_hash() != note.reply_hash) {
      problems->push_back(which + "the entry is of another answer");
    }
  }
}

void CheckRecord(const RecordNote& note, const std::optional<v1::FlagView>& flag,
                 Problems* problems) {
  const std::string which = absl::StrCat(note.agency, " ", note.record_id, ": ");
  if (!flag.has_value()) {
    if (note.acknowledged > 0) {
      problems->push_back(which + absl::StrCat("version ", note.acknowledged,
                                               " was acknowledged and there is no flag"));
    }
    return;
  }
  const int version = VersionOf(*flag);
  if (version < std::max(1, note.acknowledged) || version > note.sent) {
    problems->push_back(which + absl::StrCat("shows version ", version, "; acknowledged ",
                                             note.acknowledged, ", sent ", note.sent));
  }
  if (!note.flag_id.empty() && flag->flag_id() != note.flag_id) {
    problems->push_back(which + "another flag than was acknowledged");
  }
}

void CheckConsents(const ConsenterNote& note, const v1::ConsentList& listed, bool content_shown,
                   Problems* problems) {
  std::map<std::string, const v1::Consent*> by_id;
  for (const v1::Consent& consent : listed.consents()) by_id[consent.consent_id()] = &consent;
  const auto complain = [&](const std::string& what) {
    problems->push_back(absl::StrCat("consents of ", note.record_id, ": ", what));
  };
  if (static_cast<int>(by_id.size()) != listed.consents_size()) complain("one is listed twice");

  int pending = 0;
  bool may_show = false;
  bool must_show = false;
  for (const ConsentNote& consent : note.consents) {
    if (consent.consent_id.empty()) {
      ++pending;
      may_show = true;
      continue;
    }
    may_show = may_show || !consent.withdrawn;
    must_show = must_show || !consent.withdraw.has_value();
    const auto found = by_id.find(consent.consent_id);
    if (found == by_id.end()) {
      complain("one was acknowledged and is not listed");
      continue;
    }
    const v1::ConsentDecision decision = found->second->decision();
    by_id.erase(found);
    if (consent.withdrawn && decision != v1::CONSENT_DECISION_WITHDRAWN) {
      complain("a withdrawal was acknowledged and is lost");
    }
    if (!consent.withdraw.has_value() && decision != v1::CONSENT_DECISION_GIVEN) {
      complain("one is withdrawn that nobody withdrew");
    }
  }
  if (static_cast<int>(by_id.size()) > pending) complain("more are listed than were sent");
  if (content_shown && !may_show) complain("an answer shows what was withdrawn");
  if (!content_shown && must_show) complain("an answer withholds what was consented to");
}

}  // namespace signpost::crash
