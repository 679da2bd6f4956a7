// XML out of hostile hands, by libxml2: no document type, no entities of its own, no network, bounded depth.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <libxml/tree.h>

#include <imgport/error.hpp>

namespace imgport {

// One element; valid as long as its document. Names are local names: prefixes differ from writer to writer.
class XmlElement {
public:
    explicit XmlElement(xmlNode *node) : m_node(node) {}

    std::string_view name() const;
    std::uint64_t line() const;
    std::vector<XmlElement> children() const;
    std::vector<XmlElement> children(std::string_view name) const;
    std::optional<XmlElement> child(std::string_view name) const;
    std::optional<std::string> attribute(std::string_view name) const;
    // The text inside, without blanks around it.
    std::string text() const;

private:
    xmlNode *m_node;
};

class XmlDocument {
public:
    // UTF-8 only. Errors are malformed, name the line, and say `what` it should have been ("OVF descriptor").
    static Result<XmlDocument> parse(std::string_view text, std::string_view what);
    XmlElement root() const;

private:
    struct Free {
        void operator()(xmlDoc *document) const { xmlFreeDoc(document); }
    };
    explicit XmlDocument(xmlDoc *document) : m_document(document) {}
    std::unique_ptr<xmlDoc, Free> m_document;
};

}  // namespace imgport
