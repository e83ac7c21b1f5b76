// ReadXmlFile is a reader of XML from outside, as a stream, with libxml2 held at arm's length.
//
// Nothing outside the bytes given is ever opened: no network, no DTD, no entity. A document with a
// DOCTYPE is refused as it stands, which ends entity bombs and XXE before their first entity. Size,
// depth, and the nodes and text of one element are limited, so memory does not grow with the file.
//
// Elements are compared by local name; namespaces are ignored. All functions are thread-safe.
// Messages name the file and the line and never repeat text of the document.

#ifndef SIGNPOST_ADAPTERS_KIT_XML_H_
#define SIGNPOST_ADAPTERS_KIT_XML_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace signpost::adapters {

struct XmlLimits {
  int64_t file_bytes_max = int64_t{2} << 30;
  int depth_max = 32;
  int element_nodes_max = 20'000;            // elements and attributes inside one captured element
  size_t element_text_bytes_max = 1u << 20;  // text inside one captured element
};

struct XmlElement {
  std::string name;
  // Its own text, in order, without outer spaces.
  std::string text;
  std::vector<std::pair<std::string, std::string>> attributes;
  std::vector<XmlElement> children;

  // Text stands between child elements, where none belongs.
  bool HasStrayText() const { return !children.empty() && !text.empty(); }
  // The first child of this name, or null.
  const XmlElement* Child(absl::string_view child_name) const;
  std::vector<const XmlElement*> Children(absl::string_view child_name) const;
  // The text of the first child of this name; empty without one.
  std::string ChildText(absl::string_view child_name) const;
  // The attribute's value, or empty.
  std::string Attribute(absl::string_view attribute_name) const;
};

// Called with each captured element and its number, from 1, among those of its path. An error ends
// the reading and is what the reader returns.
using XmlHandler = std::function<absl::Status(const XmlElement& element, int64_t number)>;

struct XmlCapture {
  // Names from below the root, e.g. "Children/Child". Empty: the root itself.
  std::string path;
  XmlHandler handler;
};

// Reads `path` once and hands each captured element over, in document order. Text outside captured
// elements is ignored.
//
// Errors: kNotFound when there is no such file; kInvalidField when the document is not well-formed,
// has a DOCTYPE, has another root than `root`, or passes a limit. Handlers may have been called
// before the fault was met, so the caller drops what they collected.
[[nodiscard]] absl::Status ReadXmlFile(const std::string& path, const std::string& root,
                                       const std::vector<XmlCapture>& captures,
                                       XmlLimits limits = {});
// The same for bytes in memory; `name` stands for the file in messages.
[[nodiscard]] absl::Status ReadXmlText(absl::string_view bytes, const std::string& name,
                                       const std::string& root,
                                       const std::vector<XmlCapture>& captures,
                                       XmlLimits limits = {});
// The whole of a small document.
[[nodiscard]] absl::StatusOr<XmlElement> ParseXml(absl::string_view bytes, const std::string& name,
                                                  const std::string& root, XmlLimits limits = {});

}  // namespace signpost::adapters

#endif  // SIGNPOST_ADAPTERS_KIT_XML_H_
