// What lies unfinished at an object store: listed, and ended.
#include <imgport/uploader.hpp>

#include <fmt/format.h>

#include "handoff/object_connection.hpp"
#include "handoff/object_upload.hpp"
#include "handoff/upload_ids.hpp"
#include "handoff/upload_journal.hpp"
#include "support/json_fields.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

ObjectDestination with_journal(ObjectDestination destination, const UploadJournal &journal)
{
    auto &store = destination.store;
    if (store.region.empty())
        store.region = journal.region;
    if (store.endpoint.empty() && !destination.internal) {
        store.endpoint = journal.endpoint;
        store.custom_domain = journal.custom_domain;
    }
    if (store.signature == ObjectSignature::automatic && journal.signature == "v1")
        store.signature = ObjectSignature::v1;
    return destination;
}

// That of a URL that was pasted can hold a signature.
std::string_view without_query(std::string_view address)
{
    return to_lower(address.substr(0, 4)) == "http" ? address.substr(0, address.find_first_of("?#")) : address;
}

}  // namespace

Result<void> abort_object_upload(const std::string &manifest_path, const std::string &key, ObjectStore &store,
                                 const RetryPolicy &retry)
{
    auto const lock = lock_journal(manifest_path);
    if (!lock)
        return fail(lock.error());
    auto const journal = read_journal(manifest_path);
    if (!journal)
        return fail(journal.error());
    if (!*journal)
        return {};
    StoreCaller const caller(retry, [](std::string_view) {});
    auto const id = (*journal)->upload ? (*journal)->upload : find_lost_id(caller, store, key, **journal);
    if (id) {
        if (auto const done = abort_id(caller, store, key, *id); !done)
            return fail(done.error().error);
    }
    return remove_journal(manifest_path);
}

Result<std::vector<PendingUpload>> pending_uploads(std::string_view address, const UploadOptions &options)
{
    auto const destination = parse_object_destination(address, options);
    if (!destination)
        return fail(destination.error());
    auto const connection = connect(*destination);
    if (!connection)
        return fail(connection.error());
    StoreCaller const caller(first_contact_policy(options), [](std::string_view) {});
    ObjectStore &store = *connection->store;
    auto const found = caller.call([&] { return store.unfinished_uploads(destination->key); });
    if (!found)
        return fail(found.error().error);
    std::vector<PendingUpload> pending;
    for (auto const &upload : *found) {
        PendingUpload one{.key = upload.key, .id = upload.id, .since = upload.initiated};
        // It may end while we ask, and who may list uploads may not be allowed to list parts.
        if (auto const parts = caller.call([&] { return store.parts(upload.key, upload.id); })) {
            one.parts = parts->size();
            one.size = 0;
            for (auto const &part : *parts)
                *one.size += part.size;
        } else if (parts.error().code == "NoSuchUpload") {
            continue;
        }
        pending.push_back(std::move(one));
    }
    return pending;
}

Result<void> abort_pending_upload(std::string_view address, const std::string &id, const UploadOptions &options)
{
    auto const destination = parse_object_destination(address, options);
    if (!destination)
        return fail(destination.error());
    if (destination->is_folder())
        return fail({ErrorCode::usage, "the address of the object is needed, with its key"});
    auto const connection = connect(*destination);
    if (!connection)
        return fail(connection.error());
    StoreCaller const caller(first_contact_policy(options), [](std::string_view) {});
    auto const done = caller.call([&] { return connection->store->abort_upload(destination->key, id); });
    if (!done)
        return fail(done.error().error);
    return {};
}

Result<std::string> abort_upload(const std::string &manifest, const UploadOptions &options)
{
    auto const journal = read_journal(manifest);
    if (!journal)
        return fail(journal.error());
    if (!*journal)
        return fail({ErrorCode::usage,
                     "no upload of it is unfinished",
                     manifest,
                     {},
                     {},
                     fmt::format("{} is not there; imgport uploads tells what lies at the store",
                                 base_name(journal_path(manifest)))});
    auto const parsed = parse_object_destination((*journal)->destination, options);
    if (!parsed)
        return fail(parsed.error());
    auto const destination = with_journal(*parsed, **journal);
    auto const connection = connect(destination);
    if (!connection)
        return fail(connection.error());
    if (auto done = abort_object_upload(manifest, destination.key, *connection->store, retry_policy(options)); !done)
        return fail(done.error());
    return destination.name();
}

std::string pending_uploads_json(std::string_view address, const std::vector<PendingUpload> &uploads)
{
    Json document{{"schema", "imgport.uploads/1"}, {"address", printable(without_query(address))}};
    document["uploads"] = to_json(uploads);
    return document.dump(2) + "\n";
}

std::string pending_uploads_text(const std::vector<PendingUpload> &uploads)
{
    if (uploads.empty())
        return "nothing lies unfinished there\n";
    std::string text;
    std::uint64_t total = 0;
    bool all_known = true;
    for (auto const &upload : uploads) {
        text += fmt::format("{}\n    since {}, {}\n    id {}\n", printable(upload.key), printable(upload.since),
                            upload.size ? fmt::format("{} in {} part{}", human_size(*upload.size),
                                                      upload.parts.value_or(0), upload.parts == 1 ? "" : "s")
                                        : "size not known",
                            printable(upload.id));
        total += upload.size.value_or(0);
        all_known = all_known && upload.size;
    }
    text += fmt::format(
        "\n{} unfinished upload{}{}: billed until completed (the same upload command again) or given up\n"
        "(imgport upload MANIFEST --abort, or imgport uploads ADDRESS-OF-THE-OBJECT --abort ID)\n",
        uploads.size(), uploads.size() == 1 ? "" : "s", all_known ? ", " + human_size(total) : std::string());
    return text;
}

}  // namespace imgport
