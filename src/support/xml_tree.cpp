#include "support/xml_tree.hpp"

#include <climits>

#include <fmt/format.h>
#include <libxml/parser.h>

#include "support/text.hpp"

namespace imgport {
namespace {

std::string_view view_of(const xmlChar *text)
{
    return text != nullptr ? std::string_view(reinterpret_cast<const char *>(text)) : std::string_view();
}

std::string content_of_node(xmlNode *node)
{
    std::unique_ptr<xmlChar, void (*)(void *)> const text(xmlNodeGetContent(node), xmlFree);
    return std::string(trim(view_of(text.get())));
}

}  // namespace

std::string_view XmlElement::name() const
{
    return view_of(m_node->name);
}

std::uint64_t XmlElement::line() const
{
    long const line = xmlGetLineNo(m_node);
    return line > 0 ? static_cast<std::uint64_t>(line) : 0;
}

std::vector<XmlElement> XmlElement::children() const
{
    std::vector<XmlElement> found;
    for (xmlNode *node = m_node->children; node != nullptr; node = node->next) {
        if (node->type == XML_ELEMENT_NODE)
            found.emplace_back(node);
    }
    return found;
}

std::vector<XmlElement> XmlElement::children(std::string_view name) const
{
    auto found = children();
    std::erase_if(found, [&](const XmlElement &element) { return element.name() != name; });
    return found;
}

std::optional<XmlElement> XmlElement::child(std::string_view name) const
{
    auto const found = children(name);
    return found.empty() ? std::nullopt : std::optional(found.front());
}

std::optional<std::string> XmlElement::attribute(std::string_view name) const
{
    for (xmlAttr *attribute = m_node->properties; attribute != nullptr; attribute = attribute->next) {
        if (view_of(attribute->name) == name)
            return content_of_node(reinterpret_cast<xmlNode *>(attribute));
    }
    return std::nullopt;
}

std::string XmlElement::text() const
{
    return content_of_node(m_node);
}

Result<XmlDocument> XmlDocument::parse(std::string_view text, std::string_view what)
{
    auto const broken = [&](std::string message) {
        return fail({ErrorCode::malformed, std::move(message), {}, {}, std::string(what)});
    };
    auto const has_document_type = [&] {
        return broken(fmt::format("has a document type declaration, which no {} needs", what));
    };
    static bool const ready = [] {
        xmlInitParser();
        return true;
    }();
    if (!ready || text.size() > INT_MAX)
        return broken("is too long");
    // Before the parser sees it: entities in attributes are expanded whatever the options say.
    if (text.find("<!DOCTYPE") != std::string_view::npos)
        return has_document_type();
    if (text.find('\0') != std::string_view::npos || !code_points(text))
        return broken("is not UTF-8 text");
    std::unique_ptr<xmlParserCtxt, decltype(&xmlFreeParserCtxt)> const context(xmlNewParserCtxt(), xmlFreeParserCtxt);
    if (!context)
        return fail(ErrorCode::environment, "out of memory");
    // The encoding is given, so that the one declared inside cannot hide anything from the checks above.
    XmlDocument document(xmlCtxtReadMemory(context.get(), text.data(), static_cast<int>(text.size()), nullptr, "UTF-8",
                                           XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING));
    if (!document.m_document || xmlDocGetRootElement(document.m_document.get()) == nullptr) {
        const xmlError *const error = xmlCtxtGetLastError(context.get());
        if (error == nullptr || error->message == nullptr)
            return broken("is not well-formed XML");
        return broken(fmt::format("line {}: {}", error->line, printable(trim(error->message), 200)));
    }
    if (document.m_document->intSubset != nullptr)
        return has_document_type();
    return document;
}

XmlElement XmlDocument::root() const
{
    return XmlElement(xmlDocGetRootElement(m_document.get()));
}

}  // namespace imgport
