#include "cloud/object_store_reply.hpp"

#include <fmt/format.h>

#include "support/text.hpp"
#include "support/xml_tree.hpp"

namespace imgport {
namespace {

Error unexpected(std::string_view what)
{
    Error error{ErrorCode::remote, fmt::format("the server's reply is not that of an object store: {}", what)};
    error.hint = "is the endpoint right?";
    return error;
}

// Without what some send before it to keep the connection alive.
Result<XmlDocument> parse_reply(std::string_view xml, std::string_view root)
{
    xml = trim(xml);
    if (xml.empty())
        return fail(unexpected(fmt::format("it is empty, and not a {}", root)));
    auto document = XmlDocument::parse(xml, "reply of an object store");
    if (!document)
        return fail(unexpected("it is no such XML"));  // as a rule a web page of something in between
    if (document->root().name() != root)
        return fail(unexpected(fmt::format("it is a {}, and not a {}", printable(document->root().name(), 60), root)));
    return document;
}

std::string text_of(const XmlElement &parent, std::string_view name)
{
    auto const child = parent.child(name);
    return child ? child->text() : std::string();
}

int hex_digit(char c)
{
    constexpr std::string_view digits = "0123456789abcdef";
    auto const at = digits.find(c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c);
    return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

// As the stores encode names when asked to: "+" is a blank. What is no code stays.
std::string url_decoded(std::string_view text)
{
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        int const high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
        int const low = high >= 0 ? hex_digit(text[i + 2]) : -1;
        if (low < 0) {
            out += text[i] == '+' ? ' ' : text[i];
            continue;
        }
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return out;
}

std::optional<PartInfo> part_of(const XmlElement &element)
{
    auto const number = parse_number(text_of(element, "PartNumber"));
    auto const size = parse_number(text_of(element, "Size"));
    if (!number || *number < 1 || *number > 10000 || !size)
        return std::nullopt;
    return PartInfo{.number = static_cast<std::uint32_t>(*number),
                    .size = *size,
                    .etag = bare_etag(text_of(element, "ETag")),
                    .crc64 = parse_number(text_of(element, "HashCrc64ecma"))};
}

}  // namespace

std::string bare_etag(std::string_view etag)
{
    etag = trim(etag);
    if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"')
        etag = etag.substr(1, etag.size() - 2);
    return std::string(etag);
}

std::optional<std::string> base64_decoded(std::string_view text)
{
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    while (text.ends_with('='))
        text.remove_suffix(1);
    std::string out;
    std::uint32_t bits = 0;
    unsigned count = 0;
    for (char const c : text) {
        auto const value = digits.find(c);
        if (value == std::string_view::npos)
            return std::nullopt;
        bits = (bits << 6) | static_cast<std::uint32_t>(value);
        count += 6;
        if (count >= 8) {
            count -= 8;
            out += static_cast<char>(bits >> count & 0xFF);
        }
    }
    return out;
}

std::optional<StoreError> parse_store_error(std::string_view xml)
{
    auto const document = parse_reply(xml, "Error");
    if (!document)
        return std::nullopt;
    XmlElement const root = document->root();
    StoreError error{.code = text_of(root, "Code"),
                     .message = text_of(root, "Message"),
                     .request_id = text_of(root, "RequestId"),
                     .endpoint = text_of(root, "Endpoint"),
                     .region = text_of(root, "Region")};
    return error.code.empty() ? std::nullopt : std::optional(std::move(error));
}

Result<std::string> parse_upload_id(std::string_view xml)
{
    auto const document = parse_reply(xml, "InitiateMultipartUploadResult");
    if (!document)
        return fail(document.error());
    std::string id = text_of(document->root(), "UploadId");
    if (id.empty() || id.size() > 1024)
        return fail(unexpected("it has no upload id"));
    return id;
}

Result<std::string> parse_completed_etag(std::string_view xml)
{
    auto const document = parse_reply(xml, "CompleteMultipartUploadResult");
    if (!document)
        return fail(document.error());
    return bare_etag(text_of(document->root(), "ETag"));
}

Result<PartsPage> parse_parts(std::string_view xml)
{
    auto const document = parse_reply(xml, "ListPartsResult");
    if (!document)
        return fail(document.error());
    XmlElement const root = document->root();
    PartsPage page;
    for (const auto &element : root.children("Part")) {
        auto part = part_of(element);
        if (!part)
            return fail(unexpected(fmt::format("line {}: a part without number or size", element.line())));
        page.parts.push_back(std::move(*part));
    }
    page.more = text_of(root, "IsTruncated") == "true";
    auto const next = parse_number(text_of(root, "NextPartNumberMarker"));
    // Some leave the marker to the client.
    page.next = next && *next <= 10000 ? static_cast<std::uint32_t>(*next)
                : !page.parts.empty()  ? page.parts.back().number
                                       : 0;
    return page;
}

Result<UploadsPage> parse_uploads(std::string_view xml)
{
    auto const document = parse_reply(xml, "ListMultipartUploadsResult");
    if (!document)
        return fail(document.error());
    XmlElement const root = document->root();
    bool const encoded = text_of(root, "EncodingType") == "url";
    auto const name = [&](const XmlElement &parent, std::string_view child) {
        std::string text = text_of(parent, child);
        return encoded ? url_decoded(text) : text;
    };
    UploadsPage page;
    for (const auto &element : root.children("Upload"))
        page.uploads.push_back({.key = name(element, "Key"),
                                .id = text_of(element, "UploadId"),
                                .initiated = text_of(element, "Initiated")});
    page.more = text_of(root, "IsTruncated") == "true";
    page.next_key = name(root, "NextKeyMarker");
    page.next_id = text_of(root, "NextUploadIdMarker");
    if (page.next_key.empty() && !page.uploads.empty()) {
        page.next_key = page.uploads.back().key;
        page.next_id = page.uploads.back().id;
    }
    return page;
}

}  // namespace imgport
