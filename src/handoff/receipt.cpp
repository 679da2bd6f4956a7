#include <imgport/receipt.hpp>

#include <cerrno>

#include <unistd.h>

#include <fmt/format.h>

#include "handoff/manifest_files.hpp"
#include "support/file.hpp"
#include "support/json_fields.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr const char *schema = "imgport.receipt/1";
constexpr std::size_t receipt_limit = 1024 * 1024;

}  // namespace

std::string receipt_path(const std::string &manifest)
{
    return beside_manifest(manifest, ".receipt.json");
}

Result<HandOver> read_receipt(const std::string &manifest)
{
    std::string const path = receipt_path(manifest);
    HandOver receipt{.manifest = base_name(manifest)};
    if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT)
        return receipt;
    auto const text = read_text_file(path, receipt_limit);
    if (!text)
        return fail(text.error());
    try {
        Json const document = Json::parse(*text);
        if (!document.is_object() || document.value("schema", "") != schema)
            return fail(
                {ErrorCode::malformed, fmt::format("is no receipt of imgport: its schema is not {}", schema), path});
        from_json(document, receipt);
    } catch (const Json::exception &error) {
        return fail({ErrorCode::malformed, fmt::format("is no receipt of imgport: {}", error.what()), path});
    }
    return receipt;
}

Result<void> write_receipt(const std::string &manifest, const HandOver &receipt)
{
    Json document{{"schema", schema}};
    document.update(to_json(receipt));
    return write_file(receipt_path(manifest), document.dump(2) + "\n", Overwrite::yes);
}

}  // namespace imgport
