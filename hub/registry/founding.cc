// The founding of an area: everybody of a signed file at once, once in the life of a store.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "hub/base/error.h"
#include "hub/base/status_macros.h"
#include "hub/registry/change_rows.h"
#include "hub/registry/registry.h"
#include "hub/registry/rows.h"
#include "hub/registry/validate.h"
#include "hub/store/row_codec.h"

namespace signpost::registry {

using base::Error;
using base::Reason;
using store::EncodeRow;
using store::Space;
using store::v1::FoundingRow;

namespace {

constexpr int kSignersMin = 2;
constexpr int kSignersMax = 64;

absl::Status Wrong(const std::string& where, const std::string& what) {
  return base::InvalidField("founding", absl::StrCat(where, where.empty() ? "" : ": ", what));
}

// What a Check() found wrong, at its place in the file.
absl::Status At(const std::string& where, const absl::Status& checked) {
  if (checked.ok()) return checked;
  const std::vector<base::FieldViolation> violations = base::ViolationsOf(checked);
  if (violations.empty()) return Wrong(where, std::string(checked.message()));
  return Wrong(where, absl::StrCat(violations[0].field, " ", violations[0].description));
}

using Agencies = std::map<std::string, const v1::Agency*>;

bool TakesPart(const v1::Agency& agency) {
  return base::KindOfSystem(agency.kind()) == base::CallerKind::kSystem;
}

// That every record is as it must be, and names only what is in the file.
absl::Status CheckRecords(const v1::Founding& founding, const std::string& trust_domain,
                          Agencies* agencies) {
  std::map<std::string, std::set<std::string>> teams;
  std::set<std::string> seen;
  for (int i = 0; i < founding.agencies_size(); ++i) {
    const v1::Agency& agency = founding.agencies(i);
    const std::string where = absl::StrCat("agencies[", i, "]");
    SIGNPOST_RETURN_IF_ERROR(At(where, CheckAgency(agency, trust_domain)));
    if (!agencies->emplace(agency.agency_id(), &agency).second) {
      return Wrong(where, "is in the file twice");
    }
  }
  for (int i = 0; i < founding.agencies_size(); ++i) {
    const std::string& deputy = founding.agencies(i).deputy_agency_id();
    if (!deputy.empty() && agencies->count(deputy) == 0) {
      return Wrong(absl::StrCat("agencies[", i, "].deputy_agency_id"),
                   "names no agency of the file");
    }
  }
  for (int i = 0; i < founding.teams_size(); ++i) {
    const v1::Team& team = founding.teams(i);
    const std::string where = absl::StrCat("teams[", i, "]");
    SIGNPOST_RETURN_IF_ERROR(At(where, CheckTeam(team)));
    if (agencies->count(team.home_agency_id()) == 0) {
      return Wrong(where, "its home is no agency of the file");
    }
    for (const std::string& agency_id : team.agency_ids()) {
      if (agencies->count(agency_id) == 0) {
        return Wrong(where, absl::StrCat(agency_id, " is no agency of the file"));
      }
      teams[team.team_id()].insert(agency_id);
    }
    if (!seen.insert(TeamKey(team.team_id())).second) return Wrong(where, "is in the file twice");
  }
  std::set<std::string> with_officers;
  for (int i = 0; i < founding.practitioners_size(); ++i) {
    const v1::Practitioner& one = founding.practitioners(i);
    const std::string where = absl::StrCat("practitioners[", i, "]");
    SIGNPOST_RETURN_IF_ERROR(At(where, CheckPractitioner(one)));
    const auto agency = agencies->find(one.agency_id());
    if (agency == agencies->end()) return Wrong(where, "is of no agency of the file");
    if (!one.surname().empty() || !one.home_postcode().empty()) {
      return Wrong(where,
                   "has a surname or a postcode; enrol them with it afterwards, so that no "
                   "signed file holds it");
    }
    for (const std::string& team_id : one.team_ids()) {
      if (teams[team_id].count(one.agency_id()) == 0) {
        return Wrong(where, absl::StrCat("no team ", team_id, " of the file takes them"));
      }
    }
    if (!seen.insert(PractitionerKey(one.agency_id(), one.practitioner_id())).second) {
      return Wrong(where, "is in the file twice");
    }
    for (const std::string& role : one.roles()) {
      if (IsOfficerRole(role) && TakesPart(*agency->second)) with_officers.insert(one.agency_id());
    }
  }
  if (with_officers.size() < kSignersMin) {
    return Wrong("practitioners",
                 "officers of fewer than two agencies are among them, and nobody could decide "
                 "anything afterwards; add an information-governance-officer of another agency");
  }
  return absl::OkStatus();
}

// That two agencies that work with young people signed these bytes, with keys of theirs in the file.
absl::Status CheckSignatures(const v1::FoundAreaRequest& request, const Agencies& agencies) {
  if (request.signatures_size() > kSignersMax) {
    return base::InvalidField("signatures", absl::StrCat("are more than ", kSignersMax));
  }
  const std::string signed_bytes = absl::StrCat(kFoundingSignedPrefix, request.founding());
  std::set<std::string> signers;
  std::set<std::string> keys;
  for (int i = 0; i < request.signatures_size(); ++i) {
    const v1::FoundingSignature& signature = request.signatures(i);
    const std::string at = absl::StrCat("signatures[", i, "]");
    const auto agency = agencies.find(signature.agency_id());
    if (agency == agencies.end()) {
      return base::InvalidField(at + ".agency_id", "is no agency of the file");
    }
    if (!TakesPart(*agency->second)) {
      return base::InvalidField(at + ".agency_id",
                                "is the operator's or an auditor's: two agencies that work with "
                                "young people sign");
    }
    const auto& enrolled = agency->second->assertion_keys();
    const auto key = std::find_if(enrolled.begin(), enrolled.end(), [&](const auto& one) {
      return one.key_id() == signature.key_id();
    });
    if (key == enrolled.end()) {
      return base::InvalidField(at + ".key_id", "is no key of the agency in the file");
    }
    SIGNPOST_ASSIGN_OR_RETURN(const base::PublicKey parsed,
                              base::PublicKey::FromPem(key->public_key_pem()));
    if (!parsed.Verify(signed_bytes, signature.signature())) {
      return base::InvalidField(at + ".signature",
                                "is not good for these bytes; have the agency sign this very file");
    }
    if (!signers.insert(signature.agency_id()).second) {
      return base::InvalidField(at + ".agency_id", "signed twice");
    }
    if (!keys.insert(parsed.raw()).second) {
      return base::InvalidField(at + ".key_id", "is another signer's key too: two keys sign");
    }
  }
  if (signers.size() < kSignersMin) {
    return base::InvalidField("signatures",
                              "are of fewer than two agencies; have another one sign");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::optional<FoundingRow>> Registry::ReadFounding(const store::View& view) const {
  SIGNPOST_ASSIGN_OR_RETURN(ReadRow<FoundingRow> read, Read<FoundingRow>(view, kFoundingKey));
  if (!read.bytes.has_value()) return std::optional<FoundingRow>();
  return std::optional<FoundingRow>(std::move(read.row));
}

absl::Status Registry::PrepareFounding(const ledger::GuardedView& view,
                                       const v1::FoundAreaRequest& request,
                                       const base::Principal& actor, absl::Time now,
                                       FoundingRow* row, v1::Founding* founding,
                                       ledger::Operation* operation) const {
  SIGNPOST_ASSIGN_OR_RETURN(const std::optional<FoundingRow> founded, ReadFounding(view));
  if (founded.has_value()) {
    return Error(Reason::kAlreadyExists,
                 absl::StrCat("the area was founded already, with the file ",
                              absl::BytesToHexString(founded->sha256()),
                              ", and is never founded again; its officers decide changes"));
  }
  if (!founding->ParseFromString(request.founding())) {
    return base::InvalidField("founding", "does not parse; make it with `signpost founding sign`");
  }
  if (founding->origin() != sequencer_->options().origin) {
    return Wrong("origin", absl::StrCat("is ", founding->origin(), "; this hub's ledger is ",
                                        sequencer_->options().origin));
  }
  if (founding->agencies_size() + founding->teams_size() + founding->practitioners_size() >
      kFoundingRecordsMax) {
    return Wrong("", absl::StrCat("has more than ", kFoundingRecordsMax,
                                  " records; leave ordinary workers to be enrolled afterwards"));
  }
  Agencies agencies;
  SIGNPOST_RETURN_IF_ERROR(CheckRecords(*founding, operator_trust_domain_, &agencies));
  if (!operator_agency_id_.empty()) {
    const auto own = agencies.find(operator_agency_id_);
    if (own != agencies.end() && own->second->kind() != base::kOperatorAgencyKind) {
      return Wrong(operator_agency_id_, "is this hub's operator, and must be of kind \"operator\"");
    }
  }
  SIGNPOST_RETURN_IF_ERROR(CheckSignatures(request, agencies));

  // Neither can be without a founding, or one would not be needed.
  SIGNPOST_ASSIGN_OR_RETURN(
      const std::vector<store::KeyValue> officers,
      view.Scan(Space::kRegistry, kOfficerPrefix, store::PrefixEnd(kOfficerPrefix), 1));
  bool armed = false;
  directory()->ForEachAgency([&](const Agency& agency, const std::optional<FeedTimes>&) {
    armed |= !agency.systems.empty() || !agency.assertion_keys.empty();
  });
  if (!officers.empty() || armed) {
    return Error(
        Reason::kAlreadyExists,
        "somebody is enrolled already who can act; an area is founded into an empty store");
  }

  row->set_sha256(base::Sha256(request.founding()));
  row->set_at_s(absl::ToUnixSeconds(now));
  row->set_policy_sha256(founding->policy_sha256());
  ledger::v1::LedgerEntry entry = options_.entries->New(ledger::v1::ENTRY_KIND_AREA_FOUNDED,
                                                        WhoActs(actor), request.request_id());
  ledger::v1::AreaFounded* const detail = entry.mutable_area_founded();
  detail->set_founding_sha256(row->sha256());
  for (const v1::FoundingSignature& signature : request.signatures()) {
    store::v1::FoundingSignerRow* const signer = row->add_signers();
    signer->set_agency_id(signature.agency_id());
    signer->set_key_id(signature.key_id());
    ledger::v1::FoundingSigner* const named = detail->add_signers();
    named->set_agency_id(signature.agency_id());
    named->set_key_id(signature.key_id());
  }
  detail->set_agencies(static_cast<uint32_t>(founding->agencies_size()));
  detail->set_teams(static_cast<uint32_t>(founding->teams_size()));
  detail->set_practitioners(static_cast<uint32_t>(founding->practitioners_size()));
  entry.set_policy_sha256(absl::HexStringToBytes(founding->policy_sha256()));
  entry.set_outcome(ledger::v1::OUTCOME_RECORDED);
  operation->entries.push_back(ledger::ToDraft(entry));
  operation->batch.Put(Space::kRegistry, kFoundingKey, EncodeRow(*row));

  SIGNPOST_ASSIGN_OR_RETURN(const uint64_t number, NextNumber(view, &operation->batch));
  const auto write = [&](const std::string& key, const std::string& bytes) {
    return WriteRecord(view, key, bytes, actor, request.request_id(), now, number, "", operation);
  };
  for (const v1::Agency& agency : founding->agencies()) {
    SIGNPOST_RETURN_IF_ERROR(write(AgencyKey(agency.agency_id()),
                                   EncodeRow(Bare(RowOf(agency, store::v1::AgencyRow())))));
  }
  for (const v1::Team& team : founding->teams()) {
    SIGNPOST_RETURN_IF_ERROR(write(TeamKey(team.team_id()), EncodeRow(RowOf(team))));
  }
  for (const v1::Practitioner& one : founding->practitioners()) {
    SIGNPOST_RETURN_IF_ERROR(
        write(PractitionerKey(one.agency_id(), one.practitioner_id()),
              EncodeRow(Bare(RowOf(one, PractitionerMarks(), store::v1::PractitionerRow())))));
  }
  return absl::OkStatus();
}

}  // namespace signpost::registry
