#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hub/audit/export.h"
#include "hub/audit/filter.h"
#include "hub/base/encoding.h"
#include "nlohmann/json.hpp"

namespace signpost::audit {

using Json = nlohmann::ordered_json;

namespace {

constexpr char kDcm[] = "http://dicom.nema.org/resources/ontology/DCM";
constexpr char kOutcomeSystem[] = "http://terminology.hl7.org/CodeSystem/audit-event-outcome";
constexpr char kObjectRoleSystem[] = "http://terminology.hl7.org/CodeSystem/object-role";
// Words of our own.
constexpr char kOurs[] = "urn:signpost:";

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// A code: no white space and nothing that is not printed.
std::string Code(const std::string& text) {
  std::string code = CleanText(text);
  for (char& c : code) {
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') c = '_';
  }
  return code;
}

Json Coding(const std::string& system, const std::string& code, const std::string& display = "") {
  Json coding = {{"system", system}, {"code", Code(code)}};
  if (!display.empty()) coding["display"] = CleanText(display);
  return coding;
}

Json Concept(const std::string& system, const std::string& code, const std::string& display = "") {
  return {{"coding", Json::array({Coding(system, code, display)})}};
}

// A reference by an identifier: the entry holds no address of a resource.
Json Reference(const char* type, const std::string& system, const std::string& value) {
  return {{"type", type}, {"identifier", {{"system", system}, {"value", CleanText(value)}}}};
}

Json AgentsOf(const Exported& exported) {
  const ledger::v1::LedgerEntry& entry = exported.entry;
  Json agents = Json::array();
  const bool practitioner = !entry.practitioner_id().empty();
  if (practitioner) {
    Json agent;
    if (!entry.role().empty()) {
      agent["role"] = Json::array({Concept(absl::StrCat(kOurs, "role"), entry.role())});
    }
    agent["who"] =
        Reference("Practitioner", absl::StrCat(kOurs, "practitioner:", Code(entry.agency_id())),
                  entry.practitioner_id());
    agent["requestor"] = true;
    agents.push_back(std::move(agent));
  }
  if (!entry.system().empty()) {
    agents.push_back({{"type", Concept(kDcm, "110150", "Application")},
                      {"who", Reference("Device", "urn:ietf:rfc:3986", entry.system())},
                      {"requestor", !practitioner}});
  }
  if (!entry.agency_id().empty()) {
    agents.push_back(
        {{"who", Reference("Organization", absl::StrCat(kOurs, "agency"), entry.agency_id())},
         {"requestor", agents.empty()}});
  }
  if (agents.empty()) {
    // The hub's own act.
    agents.push_back({{"type", Concept(kDcm, "110150", "Application")},
                      {"who", Reference("Device", absl::StrCat(kOurs, "ledger"), exported.origin)},
                      {"requestor", true}});
  }
  return agents;
}

Json EntitiesOf(const Exported& exported) {
  Json entities = Json::array();
  for (const Object& object : ObjectsOf(exported)) {
    Json entity;
    entity["what"] = {
        {"identifier",
         {{"system", absl::StrCat(kOurs, object.id_kind)}, {"value", CleanText(object.id)}}},
        {"display", object.name}};
    entity["role"] = Concept(kObjectRoleSystem, object.role, object.role_text);
    if (!object.query.empty()) entity["query"] = base::Base64Encode(CleanText(object.query));
    for (const Detail& detail : object.details) {
      entity["detail"].push_back(
          {{"type", Concept(absl::StrCat(kOurs, "entry-detail"), detail.type)},
           {"valueString", CleanText(detail.value)}});
    }
    entities.push_back(std::move(entity));
  }
  return entities;
}

const char* SeverityOf(const ledger::v1::LedgerEntry& entry) {
  if (entry.who_knows().override().allowed()) return "alert";
  return *OutcomeIndicator(entry) == '0' ? "informational" : "warning";
}

}  // namespace

std::string FhirAuditEvent(const Exported& exported) {
  const ledger::v1::LedgerEntry& entry = exported.entry;
  const EventMeaning& meaning = MeaningOf(entry.kind());
  Json event;
  event["resourceType"] = "AuditEvent";
  event["id"] = absl::StrCat("entry-", entry.index());
  event["category"] = Json::array({Concept(kDcm, meaning.dcm_code, meaning.dcm_text)});
  event["code"] = Concept(absl::StrCat(kOurs, "entry-kind"), KindWord(entry.kind()));
  event["action"] = meaning.action;
  event["severity"] = SeverityOf(entry);
  event["occurredDateTime"] = TimeText(entry.sequenced_at_us());
  event["recorded"] = TimeText(entry.sequenced_at_us());
  const std::string indicator = OutcomeIndicator(entry);
  event["outcome"]["code"] = Coding(kOutcomeSystem, indicator,
                                    indicator == "0"   ? "Success"
                                    : indicator == "4" ? "Minor failure"
                                                       : "Serious failure");
  if (entry.outcome() != ledger::v1::OUTCOME_UNSPECIFIED) {
    event["outcome"]["detail"] =
        Json::array({Concept(absl::StrCat(kOurs, "outcome"), OutcomeText(entry))});
  }
  if (const std::string purpose = EnumWord(entry.purpose()); !purpose.empty()) {
    event["authorization"] = Json::array({Concept(absl::StrCat(kOurs, "purpose"), purpose)});
  }
  event["agent"] = AgentsOf(exported);
  event["source"] = {
      {"observer", Reference("Device", absl::StrCat(kOurs, "ledger"), exported.origin)}};
  event["entity"] = EntitiesOf(exported);
  return Dump(event);
}

std::string FhirBundleEntry(const Exported& exported) {
  return absl::StrCat("{\"fullUrl\":", Dump(absl::StrCat(kOurs, "ledger:", EntryName(exported))),
                      ",\"resource\":", FhirAuditEvent(exported), "}");
}

}  // namespace signpost::audit
