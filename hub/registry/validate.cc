#include "hub/registry/validate.h"

#include <algorithm>
#include <cstddef>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/civil_time.h"
#include "hub/base/crypto.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "signpost/v1/common.pb.h"

namespace signpost::registry {
namespace {

constexpr char kKebabRule[] =
    "must be 2 to 64 lower-case letters, digits and hyphens, first a letter and last no hyphen";
// "area/agency" is how an agency of another area will be named.
constexpr char kReservedRule[] =
    "must have no slash: \"area/agency\" is reserved for agencies of other areas, which cannot be "
    "registered here; use the agency's id without its area";
constexpr char kWorkerIdRule[] =
    "must be 1 to 64 letters, digits, dots, hyphens and underscores; it is an id, not a name";

// Gathers what is wrong.
class Faults {
 public:
  void Add(std::string field, std::string description) {
    violations_.push_back({std::move(field), std::move(description)});
  }
  // The kebab words of a list: their form, their number, and none twice.
  void CheckWords(const std::string& field,
                  const google::protobuf::RepeatedPtrField<std::string>& words, int words_max) {
    std::set<std::string> seen;
    for (int i = 0; i < words.size(); ++i) {
      const std::string at = absl::StrCat(field, "[", i, "]");
      if (!IsKebabId(words[i])) {
        Add(at, kKebabRule);
      } else if (!seen.insert(words[i]).second) {
        Add(at, "is in the list twice");
      }
    }
    if (words.size() > words_max) Add(field, absl::StrCat("has more than ", words_max, " entries"));
  }
  void CheckName(const std::string& field, const std::string& name) {
    if (name.empty() || name.size() > base::kNameBytesMax) {
      Add(field, absl::StrCat("must be 1 to ", base::kNameBytesMax, " bytes"));
    } else if (std::any_of(name.begin(), name.end(), [](char c) {
                 return absl::ascii_iscntrl(static_cast<unsigned char>(c));
               })) {
      Add(field, "must be one line without control characters");
    }
  }

  absl::Status Status(const std::string& what) && {
    if (violations_.empty()) return absl::OkStatus();
    const std::string message = absl::StrCat(what, " is not as it must be: ", violations_[0].field,
                                             " ", violations_[0].description);
    return base::Error(base::Reason::kInvalidField, message, std::move(violations_));
  }

 private:
  std::vector<base::FieldViolation> violations_;
};

bool IsTrustDomain(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_islower(static_cast<unsigned char>(c)) ||
           absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '.' || c == '-' || c == '_';
  });
}

void CheckSystems(const v1::Agency& agency, const std::string& trust_domain, Faults* faults) {
  std::set<std::string> seen;
  for (int i = 0; i < agency.systems_size(); ++i) {
    const std::string at = absl::StrCat("agency.systems[", i, "].spiffe_id");
    const std::string& spiffe_id = agency.systems(i).spiffe_id();
    const absl::StatusOr<SpiffeParts> parts = ParseSystemSpiffeId(spiffe_id);
    if (!parts.ok()) {
      faults->Add(at, base::ViolationsOf(parts.status()).at(0).description);
    } else if (parts->agency_id != agency.agency_id()) {
      faults->Add(at, "names another agency than the one that it is a system of");
    } else if (!trust_domain.empty() && parts->trust_domain != trust_domain) {
      faults->Add(at, absl::StrCat("must be in the trust domain ", trust_domain));
    } else if (!seen.insert(spiffe_id).second) {
      faults->Add(at, "is in the list twice");
    }
  }
  if (agency.systems_size() > kSystemsPerAgencyMax) {
    faults->Add("agency.systems", absl::StrCat("has more than ", kSystemsPerAgencyMax, " entries"));
  }
}

void CheckKeys(const v1::Agency& agency, Faults* faults) {
  std::set<std::string> seen;
  for (int i = 0; i < agency.assertion_keys_size(); ++i) {
    const std::string at = absl::StrCat("agency.assertion_keys[", i, "]");
    const v1::AssertionKey& key = agency.assertion_keys(i);
    if (!IsPractitionerId(key.key_id())) {
      faults->Add(at + ".key_id", "must be 1 to 64 letters, digits, dots, hyphens and underscores");
    } else if (!seen.insert(key.key_id()).second) {
      faults->Add(at + ".key_id", "is in the list twice; a new key needs a new name");
    }
    if (key.public_key_pem().size() > base::kKeyFileBytesMax ||
        !base::PublicKey::FromPem(key.public_key_pem()).ok()) {
      faults->Add(at + ".public_key_pem",
                  "must be a SubjectPublicKeyInfo in PEM of an Ed25519 or P-256 key, as `openssl "
                  "pkey -pubout` writes it");
    }
  }
  if (agency.assertion_keys_size() > kKeysPerAgencyMax) {
    faults->Add("agency.assertion_keys",
                absl::StrCat("has more than ", kKeysPerAgencyMax, " entries"));
  }
}

// Days of enrolment are of this century; a slip in the year would let somebody in for ever.
void CheckDay(const char* at, bool said, const v1::Date& day, Faults* faults) {
  if (!said) return;
  const absl::CivilDay civil(day.year(), day.month(), day.day());
  if (day.year() < 2000 || day.year() > 2100 || civil.month() != day.month() ||
      civil.day() != day.day()) {
    faults->Add(at, "must be a day, of a year from 2000 to 2100");
  }
}

}  // namespace

const std::vector<std::string>& KnownAgencyKinds() {
  static const auto* const kKinds = new std::vector<std::string>{
      "yot",    "connexions", "social-services", "housing", "voluntary",
      "health", "school",     "police",          "auditor", "operator"};
  return *kKinds;
}

bool IsKebabId(const std::string& id) {
  if (id.size() < kIdBytesMin || id.size() > kIdBytesMax) return false;
  if (!absl::ascii_islower(static_cast<unsigned char>(id.front())) || id.back() == '-')
    return false;
  return std::all_of(id.begin(), id.end(), [](char c) {
    return absl::ascii_islower(static_cast<unsigned char>(c)) ||
           absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '-';
  });
}

bool IsPractitionerId(const std::string& id) {
  if (id.empty() || id.size() > kIdBytesMax) return false;
  return std::all_of(id.begin(), id.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
  });
}

absl::StatusOr<SpiffeParts> ParseSystemSpiffeId(const std::string& spiffe_id) {
  const absl::Status malformed =
      base::InvalidField("spiffe_id",
                         "must be spiffe://<trust domain>/agency/<agency>/system/<name>, at most "
                         "256 bytes, the agency "
                         "and the name as lower-case words with hyphens");
  if (spiffe_id.size() > kSpiffeIdBytesMax) return malformed;
  absl::string_view rest = spiffe_id;
  if (!absl::ConsumePrefix(&rest, "spiffe://")) return malformed;
  const std::vector<std::string> segments = absl::StrSplit(rest, '/');
  if (segments.size() != 5 || segments[1] != "agency" || segments[3] != "system" ||
      !IsTrustDomain(segments[0]) || !IsKebabId(segments[2]) || !IsKebabId(segments[4])) {
    return malformed;
  }
  return SpiffeParts{segments[0], segments[2], segments[4]};
}

absl::Status CheckAgency(const v1::Agency& agency, const std::string& trust_domain) {
  Faults faults;
  if (!IsKebabId(agency.agency_id())) {
    const bool of_an_area = agency.agency_id().find('/') != std::string::npos;
    faults.Add("agency.agency_id", of_an_area ? kReservedRule : kKebabRule);
  }
  faults.CheckName("agency.name", agency.name());
  const std::vector<std::string>& kinds = KnownAgencyKinds();
  if (std::find(kinds.begin(), kinds.end(), agency.kind()) == kinds.end()) {
    std::string known;
    for (const std::string& kind : kinds) absl::StrAppend(&known, known.empty() ? "" : ", ", kind);
    faults.Add("agency.kind", absl::StrCat("must be one of: ", known));
  }
  faults.CheckWords("agency.services", agency.services(), kServicesPerAgencyMax);
  CheckSystems(agency, trust_domain, &faults);
  CheckKeys(agency, &faults);
  if (agency.silence_hours_max() < 0 || agency.silence_hours_max() > kSilenceHoursMax) {
    faults.Add("agency.silence_hours_max",
               absl::StrCat("must be 0 (for 72) to ", kSilenceHoursMax, " hours"));
  }
  if (!agency.deputy_agency_id().empty() && !IsKebabId(agency.deputy_agency_id())) {
    faults.Add("agency.deputy_agency_id", kKebabRule);
  } else if (agency.deputy_agency_id() == agency.agency_id() && !agency.agency_id().empty()) {
    faults.Add("agency.deputy_agency_id",
               "must be another agency; any officer of its own may speak for it anyway");
  }
  return std::move(faults).Status("the agency");
}

absl::Status CheckTeam(const v1::Team& team) {
  Faults faults;
  if (!IsKebabId(team.team_id())) faults.Add("team.team_id", kKebabRule);
  faults.CheckName("team.name", team.name());
  faults.CheckWords("team.agency_ids", team.agency_ids(), kAgenciesPerTeamMax);
  if (team.agency_ids().empty()) faults.Add("team.agency_ids", "must name at least one agency");
  if (!IsKebabId(team.home_agency_id())) faults.Add("team.home_agency_id", kKebabRule);
  std::set<int> seen;
  for (int i = 0; i < team.purposes_size(); ++i) {
    const int purpose = team.purposes(i);
    const std::string at = absl::StrCat("team.purposes[", i, "]");
    if (purpose == v1::PURPOSE_UNSPECIFIED || !v1::Purpose_IsValid(purpose)) {
      faults.Add(at, "is not a purpose");
    } else if (!seen.insert(purpose).second) {
      faults.Add(at, "is in the list twice");
    }
  }
  return std::move(faults).Status("the team");
}

absl::Status CheckPractitioner(const v1::Practitioner& practitioner) {
  Faults faults;
  if (!IsKebabId(practitioner.agency_id())) faults.Add("practitioner.agency_id", kKebabRule);
  if (!IsPractitionerId(practitioner.practitioner_id())) {
    faults.Add("practitioner.practitioner_id", kWorkerIdRule);
  }
  faults.CheckWords("practitioner.roles", practitioner.roles(), kRolesPerPractitionerMax);
  if (practitioner.roles().empty()) faults.Add("practitioner.roles", "must name at least one role");
  faults.CheckWords("practitioner.team_ids", practitioner.team_ids(), kTeamsPerPractitionerMax);
  if (practitioner.surname().size() > base::kNameBytesMax) {
    faults.Add("practitioner.surname", "must be at most 200 bytes");
  }
  if (practitioner.home_postcode().size() > base::kNameBytesMax) {
    faults.Add("practitioner.home_postcode", "must be at most 200 bytes");
  }
  CheckDay("practitioner.vetted_until", practitioner.has_vetted_until(),
           practitioner.vetted_until(), &faults);
  CheckDay("practitioner.trained_until", practitioner.has_trained_until(),
           practitioner.trained_until(), &faults);
  return std::move(faults).Status("the practitioner");
}

absl::Status CheckSetSuspended(const v1::SetSuspendedRequest& request) {
  Faults faults;
  switch (request.subject_case()) {
    case v1::SetSuspendedRequest::kAgencyId:
      if (!IsKebabId(request.agency_id())) faults.Add("agency_id", kKebabRule);
      break;
    case v1::SetSuspendedRequest::kSpiffeId: {
      const absl::StatusOr<SpiffeParts> parts = ParseSystemSpiffeId(request.spiffe_id());
      if (!parts.ok()) {
        faults.Add("spiffe_id", base::ViolationsOf(parts.status()).at(0).description);
      }
      break;
    }
    case v1::SetSuspendedRequest::kPractitioner:
      if (!IsKebabId(request.practitioner().agency_id())) {
        faults.Add("practitioner.agency_id", kKebabRule);
      }
      if (!IsPractitionerId(request.practitioner().practitioner_id())) {
        faults.Add("practitioner.practitioner_id", kWorkerIdRule);
      }
      break;
    case v1::SetSuspendedRequest::SUBJECT_NOT_SET:
      faults.Add("subject", "say which agency, system or practitioner");
      break;
  }
  if (request.reason().size() > base::kReasonBytesMax) {
    faults.Add("reason", absl::StrCat("must be at most ", base::kReasonBytesMax, " bytes"));
  } else if (request.suspended() && request.reason().empty()) {
    faults.Add("reason", "say why; it is kept in the ledger");
  }
  return std::move(faults).Status("the request");
}

}  // namespace signpost::registry
