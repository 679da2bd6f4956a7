#include "handoff/upload_ids.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "support/text.hpp"

namespace imgport {
namespace {

bool contains(const std::vector<std::string> &ids, const std::string &id)
{
    return std::find(ids.begin(), ids.end(), id) != ids.end();
}

}  // namespace

StoreResult<std::vector<std::string>> unfinished_ids(const StoreCaller &caller, ObjectStore &store,
                                                     const std::string &key)
{
    auto const uploads = caller.call([&] { return store.unfinished_uploads(key); });
    if (!uploads)
        return tl::unexpected(uploads.error());
    std::vector<std::string> ids;
    for (auto const &upload : *uploads) {
        if (upload.key == key)
            ids.push_back(upload.id);
    }
    return ids;
}

StoreResult<void> abort_id(const StoreCaller &caller, ObjectStore &store, const std::string &key, const std::string &id)
{
    auto done = caller.call([&] { return store.abort_upload(key, id); });
    if (!done && done.error().code == "NoSuchUpload")
        return {};
    return done;
}

void end_unneeded(const StoreCaller &caller, ObjectStore &store, const std::string &key, const std::string &id)
{
    if (auto const done = abort_id(caller, store, key, id); !done)
        caller.note(fmt::format("the unfinished upload {} stays at the store, and is billed: {}", printable(id),
                                describe(done.error().error)));
}

void abort_all_but(const StoreCaller &caller, ObjectStore &store, const std::string &key,
                   const std::vector<std::string> &others)
{
    auto const ids = unfinished_ids(caller, store, key);
    for (auto const &id : ids ? *ids : std::vector<std::string>{}) {
        if (!contains(others, id))
            (void)abort_id(caller, store, key, id);
    }
}

Result<void> begin_noted_upload(const StoreCaller &caller, ObjectStore &store, const std::string &key,
                                const std::string &manifest, UploadJournal &journal)
{
    // Who may not list uploads may still upload: then only, a lost answer can leave one behind.
    auto const before = unfinished_ids(caller, store, key);
    journal.others = before ? std::optional(*before) : std::nullopt;
    journal.upload.reset();
    journal.parts.clear();
    if (auto done = write_journal(manifest, journal); !done)
        return done;
    unsigned attempts = 0;
    auto const id = caller.call([&] {
        ++attempts;
        return store.begin_upload(key);
    });
    if (!id) {
        if (attempts > 1 && before)
            abort_all_but(caller, store, key, *before);
        // Without an answer the store may have begun it all the same: the note stays.
        if (id.error().status >= 400 && id.error().status < 500)
            (void)remove_journal(manifest);
        return fail(id.error().error);
    }
    journal.upload = *id;
    if (auto done = write_journal(manifest, journal); !done) {
        (void)abort_id(caller, store, key, *id);
        return done;
    }
    if (attempts > 1 && before) {
        auto wanted = *before;
        wanted.push_back(*id);
        abort_all_but(caller, store, key, wanted);
    }
    return {};
}

std::optional<std::string> find_lost_id(const StoreCaller &caller, ObjectStore &store, const std::string &key,
                                        const UploadJournal &journal)
{
    std::optional<std::string> found;
    if (!journal.others)
        return found;
    auto const now = unfinished_ids(caller, store, key);
    for (auto const &id : now ? *now : std::vector<std::string>{}) {
        if (contains(*journal.others, id))
            continue;
        if (!found)
            found = id;
        else
            (void)abort_id(caller, store, key, id);
    }
    return found;
}

}  // namespace imgport
