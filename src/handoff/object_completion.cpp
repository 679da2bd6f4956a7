#include "handoff/object_completion.hpp"

#include <fmt/format.h>

#include "support/text.hpp"
#include "support/time_text.hpp"

namespace imgport {
namespace {

StoreFailure unverified(const std::string &name, std::string message)
{
    return {.error = {ErrorCode::unverified,
                      std::move(message),
                      printable(name),
                      {},
                      {},
                      "upload it again with --overwrite-object"}};
}

std::string proof_of(const ObjectInfo &object, const ExpectedObject &expected, bool parts_compared)
{
    if (object.crc64)
        return fmt::format("{} bytes, CRC-64 {} as the store has it", object.size, *object.crc64);
    if (compare_object(object, expected) == ObjectMatch::same)
        return fmt::format("{} bytes, the MD5 of every part and ETag {} as the store has them", object.size,
                           printable(object.etag));
    return fmt::format("{} bytes, {}", object.size,
                       parts_compared ? "every part by its checksum; of the whole the store tells none"
                                      : "by size only: the store tells no checksums (it encrypts by itself?)");
}

}  // namespace

StoreResult<ObjectInfo> complete_object(const StoreCaller &caller, ObjectStore &store, const std::string &name,
                                        const std::string &key, const std::string &upload,
                                        const std::vector<PartInfo> &parts, ExpectedObject &expected,
                                        bool forbid_overwrite)
{
    std::vector<std::string> etags;
    etags.reserve(parts.size());
    for (auto const &part : parts)
        etags.push_back(part.etag_is_md5 ? part.etag : std::string());
    expected.etag = etag_of_parts(etags);
    auto const done = caller.call([&] { return store.complete_upload(key, upload, parts, forbid_overwrite); });
    // Where the answer got lost, the object tells.
    auto const there = caller.call([&] { return store.head(key); });
    if (done && !there)
        return tl::unexpected(there.error());
    bool const found = there && *there;
    if (!done && (!found || compare_object(**there, expected) != ObjectMatch::same))
        return tl::unexpected(done.error());
    // It may have been somebody else who put the same there, and then ours is still unfinished.
    if (!done)
        end_unneeded(caller, store, key, upload);
    if (!found)
        return tl::unexpected(unverified(name, "the store says that it is complete, and does not have it"));
    if (compare_object(**there, expected) == ObjectMatch::different)
        return tl::unexpected(
            unverified(name, fmt::format("what lies there now ({} bytes) is not what was sent ({} bytes, CRC-64 {})",
                                         there->value().size, expected.size, expected.crc64)));
    return **there;
}

UploadReceipt make_upload_receipt(const ObjectDestination &destination, const ObjectInfo &object,
                                  const ExpectedObject &expected, const std::string &sha256, bool parts_compared)
{
    UploadReceipt receipt{.destination = destination.name(),
                          .bucket = destination.store.bucket,
                          .key = destination.key,
                          .size = object.size,
                          .sha256 = sha256,
                          .crc64ecma = std::to_string(expected.crc64),
                          .etag = object.etag,
                          .proof = proof_of(object, expected, parts_compared),
                          .completed = iso_time(std::chrono::system_clock::now())};
    if (!destination.store.region.empty())
        receipt.region = destination.store.region;
    if (object.crc64)
        receipt.server_crc64ecma = std::to_string(*object.crc64);
    return receipt;
}

}  // namespace imgport
