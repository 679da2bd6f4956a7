#include "handoff/upload_journal.hpp"

#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
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

Result<UploadLock> UploadLock::take(const std::string &manifest)
{
    UploadLock lock;
    // The manifest itself is what is locked, so that nothing is left behind. Over NFS that takes the right to write.
    lock.m_fd = Fd(::open(manifest.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!lock.m_fd)
        lock.m_fd = Fd(::open(manifest.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!lock.m_fd)
        return fail(system_error(ErrorCode::unreadable, "cannot be opened", manifest, errno));
    if (::flock(lock.m_fd.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return fail({ErrorCode::environment,
                     "another imgport is uploading this artifact",
                     manifest,
                     {},
                     {},
                     "wait until it is done, or stop it"});
    return lock;  // a filesystem without locks: nothing to be done about it
}

}  // namespace imgport
