#include "handoff/upload_journal.hpp"

#include <cerrno>

#include <fmt/format.h>
#include <unistd.h>

#include "handoff/manifest_files.hpp"
#include "support/json_fields.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr const char *schema = "imgport.upload/1";
constexpr std::size_t journal_limit = 16 * 1024 * 1024;

Error bad_journal(const std::string &path, std::string_view message)
{
    return {ErrorCode::malformed,
            fmt::format("is no journal of imgport: {}", message),
            path,
            {},
            {},
            "imgport uploads tells what lies unfinished at the store; without this file the upload starts anew"};
}

}  // namespace

std::string journal_path(const std::string &manifest)
{
    return beside_manifest(manifest, ".upload.json");
}

Result<std::optional<UploadJournal>> read_journal(const std::string &manifest)
{
    std::string const path = journal_path(manifest);
    if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT)
        return std::nullopt;
    auto const text = read_text_file(path, journal_limit);
    if (!text)
        return fail(text.error());
    UploadJournal journal;
    try {
        Json const document = Json::parse(*text);
        if (!document.is_object() || document.value("schema", "") != schema)
            return fail(bad_journal(path, fmt::format("its schema is not {}", schema)));
        from_json(document, journal);
    } catch (const Json::exception &error) {
        return fail(bad_journal(path, error.what()));
    }
    return journal;
}

Result<void> write_journal(const std::string &manifest, const UploadJournal &journal)
{
    Json document{{"schema", schema}};
    document.update(to_json(journal));
    return write_file(journal_path(manifest), document.dump(1) + "\n", Overwrite::yes);
}

Result<void> remove_journal(const std::string &manifest)
{
    std::string const path = journal_path(manifest);
    if (::unlink(path.c_str()) != 0 && errno != ENOENT)
        return fail(system_error(ErrorCode::environment, "cannot be removed", path, errno));
    return {};
}

Result<PathLock> lock_journal(const std::string &manifest)
{
    // Not the manifest itself: of a stream there is none yet.
    std::string const path = journal_path(manifest) + ".lock";
    auto lock = PathLock::take(path);
    if (!lock)
        return fail(lock.error());
    if (!*lock)
        return fail({ErrorCode::environment,
                     "another imgport is uploading this artifact",
                     manifest,
                     {},
                     {},
                     "wait until it is done, or stop it"});
    return std::move(**lock);
}

}  // namespace imgport
