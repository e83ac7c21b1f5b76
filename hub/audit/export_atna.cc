#include <string>

#include "absl/strings/str_cat.h"
#include "hub/audit/export.h"
#include "hub/audit/filter.h"
#include "hub/base/encoding.h"

namespace signpost::audit {

namespace {

std::string XmlText(const std::string& text) {
  std::string out;
  for (const char c : CleanText(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '\t':
        out += "&#9;";
        break;
      case '\n':
        out += "&#10;";
        break;
      case '\r':
        out += "&#13;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

// One attribute, with the space before it.
std::string Attribute(const char* name, const std::string& value) {
  return absl::StrCat(" ", name, "=\"", XmlText(value), "\"");
}

std::string CodedElement(const char* element, const std::string& code, const std::string& system,
                         const std::string& text) {
  return absl::StrCat("<", element, Attribute("csd-code", code),
                      Attribute("codeSystemName", system), Attribute("originalText", text), "/>");
}

constexpr char kOurCodes[] = "Signpost";

std::string Participant(const std::string& user, bool requestor, const std::string& role) {
  return absl::StrCat("<ActiveParticipant", Attribute("UserID", user),
                      Attribute("UserIsRequestor", requestor ? "true" : "false"), ">", role,
                      "</ActiveParticipant>");
}

}  // namespace

std::string AtnaMessage(const Exported& exported) {
  const ledger::v1::LedgerEntry& entry = exported.entry;
  const EventMeaning& meaning = MeaningOf(entry.kind());
  const std::string kind = KindWord(entry.kind());
  std::string xml = "<AuditMessage><EventIdentification";
  absl::StrAppend(&xml, Attribute("EventActionCode", meaning.action),
                  Attribute("EventDateTime", TimeText(entry.sequenced_at_us())),
                  Attribute("EventOutcomeIndicator", OutcomeIndicator(entry)), ">",
                  CodedElement("EventID", meaning.dcm_code, "DCM", meaning.dcm_text),
                  CodedElement("EventTypeCode", kind, kOurCodes, kind));
  if (entry.who_knows().override().allowed()) {
    absl::StrAppend(&xml,
                    CodedElement("EventTypeCode", "110127", "DCM", "Emergency Override Started"));
  }
  if (entry.outcome() != ledger::v1::OUTCOME_UNSPECIFIED) {
    absl::StrAppend(&xml, "<EventOutcomeDescription>", XmlText(OutcomeText(entry)),
                    "</EventOutcomeDescription>");
  }
  if (const std::string purpose = EnumWord(entry.purpose()); !purpose.empty()) {
    absl::StrAppend(&xml, CodedElement("PurposeOfUse", purpose, kOurCodes, purpose));
  }
  absl::StrAppend(&xml, "</EventIdentification>");

  const bool practitioner = !entry.practitioner_id().empty();
  const bool system = !entry.system().empty();
  if (practitioner) {
    absl::StrAppend(
        &xml, Participant(absl::StrCat(entry.practitioner_id(), "@", entry.agency_id()), true,
                          entry.role().empty()
                              ? ""
                              : CodedElement("RoleIDCode", entry.role(), kOurCodes, entry.role())));
  }
  if (system) {
    absl::StrAppend(&xml,
                    Participant(entry.system(), !practitioner,
                                CodedElement("RoleIDCode", "110153", "DCM", "Source Role ID")));
  }
  absl::StrAppend(
      &xml, Participant(exported.origin, !practitioner && !system,
                        system ? CodedElement("RoleIDCode", "110152", "DCM", "Destination Role ID")
                               : CodedElement("RoleIDCode", "110150", "DCM", "Application")));
  // Type 4: an application server.
  absl::StrAppend(&xml, "<AuditSourceIdentification", Attribute("code", "4"),
                  Attribute("AuditSourceID", exported.origin), "/>");

  for (const Object& object : ObjectsOf(exported)) {
    absl::StrAppend(
        &xml, "<ParticipantObjectIdentification", Attribute("ParticipantObjectID", object.id),
        Attribute("ParticipantObjectTypeCode", object.type),
        Attribute("ParticipantObjectTypeCodeRole", object.role), ">",
        CodedElement("ParticipantObjectIDTypeCode", object.id_kind, kOurCodes, object.id_kind));
    if (object.query.empty()) {
      absl::StrAppend(&xml, "<ParticipantObjectName>", XmlText(object.name),
                      "</ParticipantObjectName>");
    } else {
      absl::StrAppend(&xml, "<ParticipantObjectQuery>", base::Base64Encode(object.query),
                      "</ParticipantObjectQuery>");
    }
    for (const Detail& detail : object.details) {
      absl::StrAppend(&xml, "<ParticipantObjectDetail", Attribute("type", detail.type),
                      Attribute("value", base::Base64Encode(detail.value)), "/>");
    }
    absl::StrAppend(&xml, "</ParticipantObjectIdentification>");
  }
  absl::StrAppend(&xml, "</AuditMessage>");
  return xml;
}

}  // namespace signpost::audit
