// ReadXml() is a reader that is as strict as the tests of audit messages need: elements, attributes
// in double quotes, text, the five named entities and decimal references; and a check that holds a
// message against the schema of DICOM PS3.15 A.5.1, whose order and requirements stand here.

#ifndef SIGNPOST_TESTS_AUDIT_XML_FOR_TEST_H_
#define SIGNPOST_TESTS_AUDIT_XML_FOR_TEST_H_

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "hub/base/encoding.h"

namespace signpost::audit {

struct XmlElement {
  std::string name;
  std::map<std::string, std::string> attributes;
  std::vector<XmlElement> children;
  std::string text;
};

class XmlReader {
 public:
  explicit XmlReader(const std::string& xml) : xml_(xml) {}

  bool Element(XmlElement* element) {
    if (!Take("<") || !Name(&element->name)) return false;
    while (Take(" ")) {
      std::string name;
      std::string value;
      if (!Name(&name) || !Take("=\"") || !Text('"', &value) || !Take("\"") ||
          !element->attributes.emplace(name, value).second) {
        return false;
      }
    }
    if (Take("/>")) return true;
    if (!Take(">")) return false;
    while (true) {
      if (Take("</" + element->name + ">")) return true;
      if (at_ < xml_.size() && xml_[at_] == '<') {
        if (!Element(&element->children.emplace_back())) return false;
      } else if (!Text('<', &element->text)) {
        return false;
      }
    }
  }
  bool done() const { return at_ == xml_.size(); }

 private:
  bool Take(const std::string& token) {
    if (xml_.compare(at_, token.size(), token) != 0) return false;
    at_ += token.size();
    return true;
  }
  bool Name(std::string* name) {
    while (at_ < xml_.size() &&
           (std::isalnum(static_cast<unsigned char>(xml_[at_])) != 0 || xml_[at_] == '-')) {
      *name += xml_[at_++];
    }
    return !name->empty();
  }
  // Up to `end`, which must come.
  bool Text(char end, std::string* text) {
    while (at_ < xml_.size() && xml_[at_] != end) {
      const char c = xml_[at_];
      if (c == '<' || (static_cast<unsigned char>(c) < 0x20)) return false;
      if (c != '&') {
        *text += c;
        ++at_;
        continue;
      }
      const size_t semicolon = xml_.find(';', at_);
      if (semicolon == std::string::npos) return false;
      const std::string name = xml_.substr(at_ + 1, semicolon - at_ - 1);
      static const std::map<std::string, char> kNamed = {
          {"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
      if (const auto named = kNamed.find(name); named != kNamed.end()) {
        *text += named->second;
      } else if (name.size() > 1 && name[0] == '#') {
        *text += static_cast<char>(std::atoi(name.c_str() + 1));
      } else {
        return false;
      }
      at_ = semicolon + 1;
    }
    return at_ < xml_.size();
  }

  const std::string& xml_;
  size_t at_ = 0;
};

inline bool ReadXml(const std::string& xml, XmlElement* element) {
  XmlReader reader(xml);
  return reader.Element(element) && reader.done();
}

inline void CheckCoded(const XmlElement& element) {
  for (const char* required : {"csd-code", "codeSystemName", "originalText"}) {
    EXPECT_EQ(element.attributes.count(required), 1u) << element.name << " " << required;
  }
}

inline void CheckAuditMessage(const XmlElement& message) {
  EXPECT_EQ(message.name, "AuditMessage");
  // EventIdentification, ActiveParticipant+, AuditSourceIdentification,
  // ParticipantObjectIdentification*, in this order.
  size_t at = 0;
  const auto next_is = [&](const char* name) {
    return at < message.children.size() && message.children[at].name == name;
  };
  ASSERT_TRUE(next_is("EventIdentification"));
  const XmlElement& event = message.children[at++];
  EXPECT_EQ(std::string("CRUDE").find(event.attributes.at("EventActionCode")) != std::string::npos,
            true);
  EXPECT_EQ(event.attributes.at("EventDateTime").back(), 'Z');
  EXPECT_EQ((std::set<std::string>{"0", "4", "8", "12"})
                .count(event.attributes.at("EventOutcomeIndicator")),
            1u);
  // EventID, EventTypeCode*, EventOutcomeDescription?, PurposeOfUse*.
  static const std::map<std::string, int> kOrder = {
      {"EventID", 0}, {"EventTypeCode", 1}, {"EventOutcomeDescription", 2}, {"PurposeOfUse", 3}};
  int order = 0;
  ASSERT_FALSE(event.children.empty());
  EXPECT_EQ(event.children[0].name, "EventID");
  for (const XmlElement& child : event.children) {
    ASSERT_EQ(kOrder.count(child.name), 1u) << child.name;
    EXPECT_GE(kOrder.at(child.name), order);
    order = kOrder.at(child.name);
    if (child.name != "EventOutcomeDescription") CheckCoded(child);
  }
  ASSERT_TRUE(next_is("ActiveParticipant"));
  int requestors = 0;
  while (next_is("ActiveParticipant")) {
    const XmlElement& participant = message.children[at++];
    EXPECT_EQ(participant.attributes.count("UserID"), 1u);
    requestors += participant.attributes.at("UserIsRequestor") == "true" ? 1 : 0;
    for (const XmlElement& role : participant.children) {
      EXPECT_EQ(role.name, "RoleIDCode");
      CheckCoded(role);
    }
  }
  EXPECT_EQ(requestors, 1);
  ASSERT_TRUE(next_is("AuditSourceIdentification"));
  EXPECT_EQ(message.children[at].attributes.count("AuditSourceID"), 1u);
  EXPECT_EQ(message.children[at++].attributes.at("code"), "4");
  while (next_is("ParticipantObjectIdentification")) {
    const XmlElement& object = message.children[at++];
    EXPECT_EQ(object.attributes.count("ParticipantObjectID"), 1u);
    EXPECT_EQ((std::set<std::string>{"1", "2", "3", "4"})
                  .count(object.attributes.at("ParticipantObjectTypeCode")),
              1u);
    const int role = std::atoi(object.attributes.at("ParticipantObjectTypeCodeRole").c_str());
    EXPECT_TRUE(role >= 1 && role <= 26);
    ASSERT_GE(object.children.size(), 2u);
    EXPECT_EQ(object.children[0].name, "ParticipantObjectIDTypeCode");
    CheckCoded(object.children[0]);
    // A name or a query, one of them.
    const XmlElement& named = object.children[1];
    EXPECT_TRUE(named.name == "ParticipantObjectName" || named.name == "ParticipantObjectQuery");
    if (named.name == "ParticipantObjectQuery") {
      EXPECT_TRUE(base::Base64Decode(named.text).ok());
    }
    for (size_t i = 2; i < object.children.size(); ++i) {
      const XmlElement& detail = object.children[i];
      EXPECT_EQ(detail.name, "ParticipantObjectDetail");
      EXPECT_EQ(detail.attributes.count("type"), 1u);
      EXPECT_TRUE(base::Base64Decode(detail.attributes.at("value")).ok());
    }
  }
  EXPECT_EQ(at, message.children.size());
}

}  // namespace signpost::audit

#endif  // SIGNPOST_TESTS_AUDIT_XML_FOR_TEST_H_
