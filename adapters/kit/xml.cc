#include "adapters/kit/xml.h"

#include <libxml/parser.h>
#include <libxml/xmlreader.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "hub/base/error.h"
#include "hub/base/status_macros.h"

namespace signpost::adapters {
namespace {

absl::string_view View(const xmlChar* text) {
  return text == nullptr ? absl::string_view()
                         : absl::string_view(reinterpret_cast<const char*>(text));
}

// libxml2 asks this for anything that is not the document itself. There is no such thing.
xmlParserInputPtr OpenNothing(const char* /*url*/, const char* /*id*/,
                              xmlParserCtxtPtr /*context*/) {
  return nullptr;
}

// What one reading draws from: a file or bytes, counted.
struct Source {
  std::FILE* file = nullptr;
  absl::string_view bytes;
  int64_t bytes_left = 0;
  bool too_long = false;
  bool failed = false;
};

int ReadSource(void* context, char* buffer, int size) {
  auto* source = static_cast<Source*>(context);
  size_t got = 0;
  if (source->file != nullptr) {
    got = std::fread(buffer, 1, static_cast<size_t>(size), source->file);
    if (got == 0 && std::ferror(source->file) != 0) {
      source->failed = true;
      return -1;
    }
  } else {
    got = std::min(static_cast<size_t>(size), source->bytes.size());
    std::memcpy(buffer, source->bytes.data(), got);
    source->bytes.remove_prefix(got);
  }
  source->bytes_left -= static_cast<int64_t>(got);
  if (source->bytes_left < 0) {
    source->too_long = true;
    return -1;
  }
  return static_cast<int>(got);
}

int CloseNothing(void* /*context*/) { return 0; }

// The first fault libxml2 met. Its text may repeat the document, so only number and line are kept.
struct Fault {
  int code = 0;
  int line = 0;
};

void NoteFault(void* context, xmlErrorPtr error) {
  auto* fault = static_cast<Fault*>(context);
  if (error->level == XML_ERR_WARNING || fault->code != 0) return;
  fault->code = error->code;
  fault->line = error->line;
}

class Walk {
 public:
  Walk(const std::string& name, const std::string& root, const std::vector<XmlCapture>& captures,
       const XmlLimits& limits)
      : name_(name), root_(root), captures_(captures), limits_(limits) {}

  absl::Status Refuse(const std::string& what) const {
    return base::Error(base::Reason::kInvalidField, absl::StrCat(name_, ": ", what),
                       {{name_, what}});
  }

  // One event of the reader.
  absl::Status Take(xmlTextReaderPtr reader) {
    switch (xmlTextReaderNodeType(reader)) {
      case XML_READER_TYPE_ELEMENT:
        return Start(reader);
      case XML_READER_TYPE_END_ELEMENT:
        return End();
      case XML_READER_TYPE_TEXT:
      case XML_READER_TYPE_CDATA:
        return Text(View(xmlTextReaderConstValue(reader)));
      case XML_READER_TYPE_DOCUMENT_TYPE:
        return Refuse("has a DOCTYPE, which no return needs; remove it");
      case XML_READER_TYPE_ENTITY_REFERENCE:
        return Refuse("refers to an entity, which no return needs; write the character itself");
      default:
        return absl::OkStatus();
    }
  }

  bool saw_root() const { return saw_root_; }

 private:
  absl::Status Start(xmlTextReaderPtr reader) {
    const std::string element(View(xmlTextReaderConstLocalName(reader)));
    const bool empty = xmlTextReaderIsEmptyElement(reader) == 1;
    if (!saw_root_) {
      saw_root_ = true;
      if (element != root_) {
        return Refuse(
            absl::StrCat("its outermost element is not <", root_, ">; is this the file?"));
      }
    } else {
      path_.push_back(element);
    }
    if (static_cast<int>(path_.size()) >= limits_.depth_max) {
      return Refuse(absl::StrCat("elements are nested deeper than ", limits_.depth_max));
    }
    // Outside a capture nothing is kept but the path, so that a file of any size takes the memory
    // of its largest captured element.
    if (stack_.empty()) {
      const std::string path = absl::StrJoin(path_, "/");
      for (size_t i = 0; i < captures_.size(); ++i) {
        if (captures_[i].path == path) {
          capture_ = i;
          nodes_ = 0;
          text_bytes_ = 0;
          SIGNPOST_RETURN_IF_ERROR(Push(element, reader));
          break;
        }
      }
    } else {
      SIGNPOST_RETURN_IF_ERROR(Push(element, reader));
    }
    return empty ? End() : absl::OkStatus();
  }

  absl::Status Push(const std::string& element, xmlTextReaderPtr reader) {
    auto node = std::make_unique<XmlElement>();
    node->name = element;
    ++nodes_;
    while (xmlTextReaderMoveToNextAttribute(reader) == 1) {
      ++nodes_;
      const absl::string_view value = View(xmlTextReaderConstValue(reader));
      text_bytes_ += value.size();
      if (xmlTextReaderIsNamespaceDecl(reader) == 1) continue;
      node->attributes.emplace_back(std::string(View(xmlTextReaderConstLocalName(reader))),
                                    std::string(value));
    }
    xmlTextReaderMoveToElement(reader);
    stack_.push_back(std::move(node));
    return CheckSize();
  }

  absl::Status CheckSize() const {
    if (nodes_ > limits_.element_nodes_max || text_bytes_ > limits_.element_text_bytes_max) {
      return Refuse(absl::StrCat("one <", stack_.front()->name, "> holds more than ",
                                 limits_.element_nodes_max, " elements or ",
                                 limits_.element_text_bytes_max, " bytes"));
    }
    return absl::OkStatus();
  }

  absl::Status Text(absl::string_view text) {
    if (stack_.empty()) return absl::OkStatus();
    text_bytes_ += text.size();
    stack_.back()->text.append(text.data(), text.size());
    return CheckSize();
  }

  absl::Status End() {
    if (!path_.empty()) path_.pop_back();
    if (stack_.empty()) return absl::OkStatus();
    std::unique_ptr<XmlElement> done = std::move(stack_.back());
    stack_.pop_back();
    done->text = std::string(absl::StripAsciiWhitespace(done->text));
    if (!stack_.empty()) {
      stack_.back()->children.push_back(std::move(*done));
      return absl::OkStatus();
    }
    return captures_[capture_].handler(*done, ++numbers_[capture_]);
  }

  const std::string& name_;
  const std::string& root_;
  const std::vector<XmlCapture>& captures_;
  const XmlLimits& limits_;
  bool saw_root_ = false;
  std::vector<std::string> path_;  // below the root
  // Elements of the capture under way, outermost first.
  std::vector<std::unique_ptr<XmlElement>> stack_;
  size_t capture_ = 0;
  std::map<size_t, int64_t> numbers_;
  int nodes_ = 0;
  size_t text_bytes_ = 0;
};

absl::Status ReadXml(Source* source, const std::string& name, const std::string& root,
                     const std::vector<XmlCapture>& captures, const XmlLimits& limits) {
  static std::once_flag once;
  std::call_once(once, [] {
    xmlInitParser();
    xmlSetExternalEntityLoader(OpenNothing);
  });
  source->bytes_left = limits.file_bytes_max;
  Fault fault;
  Walk walk(name, root, captures, limits);
  // No XML_PARSE_NOENT (entities stay references), no DTDLOAD, no HUGE (libxml2's own limits hold).
  xmlTextReaderPtr reader =
      xmlReaderForIO(ReadSource, CloseNothing, source, nullptr, nullptr, XML_PARSE_NONET);
  if (reader == nullptr) return base::Error(base::Reason::kInternal, "libxml2 gives no reader");
  std::unique_ptr<xmlTextReader, void (*)(xmlTextReaderPtr)> owned(reader, xmlFreeTextReader);
  xmlTextReaderSetStructuredErrorHandler(reader, NoteFault, &fault);
  int more = 0;
  while ((more = xmlTextReaderRead(reader)) == 1) {
    SIGNPOST_RETURN_IF_ERROR(walk.Take(reader));
  }
  if (source->too_long) {
    return walk.Refuse(absl::StrCat("is larger than ", limits.file_bytes_max, " bytes"));
  }
  if (source->failed) {
    return walk.Refuse("cannot be read to its end; look at the disk or the share");
  }
  if (fault.code == XML_ERR_ENTITY_LOOP) {
    return walk.Refuse("has a DOCTYPE with entities that unfold without end; it is not taken");
  }
  if (more < 0 || fault.code != 0 || !walk.saw_root()) {
    return walk.Refuse(absl::StrCat(
        "is not well-formed XML", fault.line > 0 ? absl::StrCat(", line ", fault.line) : "",
        " (libxml2 error ", fault.code, "); was the export cut off? Export it again"));
  }
  return absl::OkStatus();
}

std::string BaseName(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

}  // namespace

const XmlElement* XmlElement::Child(absl::string_view child_name) const {
  for (const XmlElement& child : children) {
    if (child.name == child_name) return &child;
  }
  return nullptr;
}

std::vector<const XmlElement*> XmlElement::Children(absl::string_view child_name) const {
  std::vector<const XmlElement*> found;
  for (const XmlElement& child : children) {
    if (child.name == child_name) found.push_back(&child);
  }
  return found;
}

std::string XmlElement::ChildText(absl::string_view child_name) const {
  const XmlElement* child = Child(child_name);
  return child == nullptr ? "" : child->text;
}

std::string XmlElement::Attribute(absl::string_view attribute_name) const {
  for (const auto& [name_of, value] : attributes) {
    if (name_of == attribute_name) return value;
  }
  return "";
}

absl::Status ReadXmlFile(const std::string& path, const std::string& root,
                         const std::vector<XmlCapture>& captures, XmlLimits limits) {
  Source source;
  const std::string name = BaseName(path);
  source.file = std::fopen(path.c_str(), "rbe");
  if (source.file == nullptr) {
    const int error = errno;
    const std::string message =
        absl::StrCat(name, ": cannot be opened (", std::strerror(error),
                     "); check that the export ran and that the adapter may read it");
    if (error == ENOENT) return base::Error(base::Reason::kNotFound, message);
    return base::Error(base::Reason::kInvalidField, message, {{name, message}});
  }
  absl::Status status = ReadXml(&source, name, root, captures, limits);
  std::fclose(source.file);
  return status;
}

absl::Status ReadXmlText(absl::string_view bytes, const std::string& name, const std::string& root,
                         const std::vector<XmlCapture>& captures, XmlLimits limits) {
  Source source;
  source.bytes = bytes;
  return ReadXml(&source, name, root, captures, limits);
}

absl::StatusOr<XmlElement> ParseXml(absl::string_view bytes, const std::string& name,
                                    const std::string& root, XmlLimits limits) {
  XmlElement document;
  SIGNPOST_RETURN_IF_ERROR(ReadXmlText(bytes, name, root,
                                       {{"",
                                         [&document](const XmlElement& element, int64_t) {
                                           document = element;
                                           return absl::OkStatus();
                                         }}},
                                       limits));
  return document;
}

}  // namespace signpost::adapters
