// An object store in memory, which can be told to fail, and remembers what it was asked.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "cloud/object_store.hpp"
#include "handoff/object_proof.hpp"
#include "support/digest.hpp"
#include "support/text.hpp"

namespace imgport::testing {

inline StoreFailure refusal(int status, std::string code, bool retry = false)
{
    return {.error = {ErrorCode::remote, fmt::format("the store says {}", code)},
            .retry = retry,
            .status = status,
            .code = code};
}
inline StoreFailure broken_line()
{
    return {.error = {ErrorCode::remote, "the connection broke"}, .retry = true};
}

class FakeStore final : public ObjectStore {
public:
    struct Part {
        std::string bytes;
        std::string etag;
    };
    struct Upload {
        std::string key;
        std::map<std::uint32_t, Part> parts = {};
    };

    // What it is like.
    StoreDialect dialect = StoreDialect::oss;
    bool tells_checksums = true;  // false: ETags are no MD5 (S3 with SSE-KMS)
    bool lets_list = true;

    // Called before (with the bytes that came) or after the work is done; a failure is what the caller then gets.
    using Fault = std::function<std::optional<StoreFailure>()>;
    std::function<std::optional<StoreFailure>(std::uint32_t number)> before_part = [](auto) { return std::nullopt; };
    std::function<std::optional<StoreFailure>(std::uint32_t number)> after_part = [](auto) { return std::nullopt; };
    std::function<void(std::uint32_t number, std::string &bytes)> on_bytes = [](auto, auto &) {};
    Fault before_begin = [] { return std::nullopt; };
    Fault after_begin = [] { return std::nullopt; };
    Fault before_complete = [] { return std::nullopt; };
    Fault after_complete = [] { return std::nullopt; };
    Fault before_head = [] { return std::nullopt; };

    // What it holds.
    std::map<std::string, std::string> objects = {};
    std::map<std::string, std::string> etags = {};
    std::map<std::string, Upload> uploads = {};
    std::vector<std::uint32_t> arrived = {};  // the numbers of parts, in the order they came in whole
    std::vector<std::string> asked = {};      // what, in order
    unsigned most_at_once = 0;

    StoreResult<std::optional<ObjectInfo>> head(const std::string &key) override
    {
        std::scoped_lock const lock(m_mutex);
        asked.push_back("head");
        if (auto failure = before_head())
            return tl::unexpected(*failure);
        auto const found = objects.find(key);
        if (found == objects.end())
            return std::optional<ObjectInfo>();
        return info(key);
    }

    StoreResult<std::string> begin_upload(const std::string &key) override
    {
        std::scoped_lock const lock(m_mutex);
        asked.push_back("begin");
        if (auto failure = before_begin())
            return tl::unexpected(*failure);
        std::string const id = fmt::format("id-{}", ++m_last_id);
        uploads[id] = {key};
        if (auto failure = after_begin())
            return tl::unexpected(*failure);
        return id;
    }

    StoreResult<PartInfo> send_part(const std::string &, const std::string &upload, std::uint32_t number,
                                    RequestBody &body) override
    {
        {
            std::scoped_lock const lock(m_mutex);
            asked.push_back(fmt::format("part {}", number));
            most_at_once = std::max(most_at_once, ++m_at_once);
            if (auto failure = before_part(number))
                return leave(*failure);
            if (!uploads.contains(upload))
                return leave(refusal(404, "NoSuchUpload"));
        }
        // In bits and pieces, and from the front again, as libcurl may.
        std::string bytes;
        std::vector<std::byte> buffer(700);
        (void)body.read(buffer);
        (void)body.rewind();
        while (bytes.size() < body.size()) {
            auto const got = body.read(buffer);
            if (!got)
                return leave({.error = got.error()});
            bytes.append(reinterpret_cast<const char *>(buffer.data()), *got);
        }
        if (slow_parts)
            std::this_thread::sleep_for(std::chrono::microseconds(number * 2654435761U >> 20));
        std::scoped_lock const lock(m_mutex);
        // It may have expired meanwhile.
        if (!uploads.contains(upload))
            return leave(refusal(404, "NoSuchUpload"));
        on_bytes(number, bytes);
        PartInfo const part = info(number, bytes);
        uploads[upload].parts[number] = {bytes, part.etag};
        arrived.push_back(number);
        if (auto failure = after_part(number))
            return leave(*failure);
        --m_at_once;
        return part;
    }

    StoreResult<std::vector<PartInfo>> parts(const std::string &, const std::string &upload) override
    {
        std::scoped_lock const lock(m_mutex);
        asked.push_back("parts");
        if (!uploads.contains(upload))
            return tl::unexpected(refusal(404, "NoSuchUpload"));
        std::vector<PartInfo> all;
        for (auto const &[number, part] : uploads[upload].parts)
            all.push_back({.number = number, .size = part.bytes.size(), .etag = part.etag});
        return all;
    }

    StoreResult<ObjectInfo> complete_upload(const std::string &key, const std::string &upload,
                                            const std::vector<PartInfo> &wanted, bool forbid_overwrite) override
    {
        std::scoped_lock const lock(m_mutex);
        asked.push_back("complete");
        if (auto failure = before_complete())
            return tl::unexpected(*failure);
        if (!uploads.contains(upload))
            return tl::unexpected(refusal(404, "NoSuchUpload"));
        if (forbid_overwrite && objects.contains(key))
            return tl::unexpected(refusal(409, "FileAlreadyExists"));
        std::string bytes;
        std::vector<std::string> part_etags;
        for (auto const &part : wanted) {
            if (uploads[upload].parts[part.number].etag != part.etag)
                return tl::unexpected(refusal(400, "InvalidPart"));
            bytes += uploads[upload].parts[part.number].bytes;
            part_etags.push_back(part.etag);
        }
        objects[key] = bytes;
        etags[key] = tells_checksums && dialect == StoreDialect::s3 ? etag_of_parts(part_etags) : "some-thing";
        uploads.erase(upload);
        ObjectInfo const told = info(key);
        if (auto failure = after_complete())
            return tl::unexpected(*failure);
        return told;
    }

    StoreResult<void> abort_upload(const std::string &, const std::string &upload) override
    {
        std::scoped_lock const lock(m_mutex);
        asked.push_back("abort");
        if (uploads.erase(upload) == 0)
            return tl::unexpected(refusal(404, "NoSuchUpload"));
        return {};
    }

    StoreResult<std::vector<UnfinishedUpload>> unfinished_uploads(const std::string &prefix) override
    {
        std::scoped_lock const lock(m_mutex);
        if (!lets_list)
            return tl::unexpected(refusal(403, "AccessDenied"));
        std::vector<UnfinishedUpload> all;
        for (auto const &[id, upload] : uploads) {
            if (upload.key.starts_with(prefix))
                all.push_back({upload.key, id, "2026-01-01T00:00:00Z"});
        }
        return all;
    }

    std::size_t count(const std::string &what) const
    {
        return static_cast<std::size_t>(std::count(asked.begin(), asked.end(), what));
    }

    bool slow_parts = false;

private:
    tl::unexpected<StoreFailure> leave(StoreFailure failure)
    {
        --m_at_once;
        return tl::unexpected(std::move(failure));
    }

    ObjectInfo info(const std::string &key) const
    {
        auto const &bytes = objects.at(key);
        auto const etag = etags.find(key);
        ObjectInfo told{.size = bytes.size(), .etag = etag == etags.end() ? "other" : etag->second};
        if (dialect == StoreDialect::oss)
            told.crc64 = crc64_ecma(0, bytes_of(bytes));
        return told;
    }

    PartInfo info(std::uint32_t number, const std::string &bytes) const
    {
        PartInfo told{.number = number, .size = bytes.size(), .etag = hex_digest("MD5", bytes_of(bytes))};
        if (!tells_checksums) {
            std::reverse(told.etag.begin(), told.etag.end());
            told.etag_is_md5 = false;
        } else if (dialect == StoreDialect::oss) {
            told.etag = to_upper(told.etag);
            told.crc64 = crc64_ecma(0, bytes_of(bytes));
        }
        return told;
    }

    std::mutex m_mutex;
    unsigned m_last_id = 0;
    std::atomic<unsigned> m_at_once = 0;
};

}  // namespace imgport::testing
