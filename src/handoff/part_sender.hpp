// Sends the parts of a file, several at a time, each until it has arrived whole.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "cloud/object_store.hpp"
#include "cloud/retry.hpp"
#include "handoff/pace.hpp"
#include "handoff/part_body.hpp"
#include "handoff/part_plan.hpp"
#include "handoff/upload_progress.hpp"
#include "support/file.hpp"

namespace imgport {

struct SendSettings {
    unsigned parallel = 4;
    RetryPolicy retry = {};
    bool with_md5 = false;  // the store is expected to tell no CRC of a part, but its MD5 as the ETag
};

struct PartTask {
    std::uint32_t number = 0;
    // What the store has under this number; whether that is these bytes is to be seen.
    std::optional<PartInfo> there = {};
};

struct StoredPart {
    std::uint32_t number = 0;
    std::string etag;
    std::uint64_t crc64 = 0;  // of the local bytes
    bool compared = false;    // by checksum; else the store told none, and the size is all that is known
};

class PartSender {
public:
    // What is given by reference must outlive the sender.
    PartSender(const InputFile &artifact, const PartPlan &plan, ObjectStore &store, std::string key, std::string upload,
               const SendSettings &settings, UploadProgress &progress);

    // `on_stored` is called by one thread at a time, in any order. What went wrong first, if anything did.
    std::optional<StoreFailure> run(const std::vector<PartTask> &tasks,
                                    const std::function<void(const StoredPart &)> &on_stored);

private:
    void work(const std::vector<PartTask> &tasks, const std::function<void(const StoredPart &)> &on_stored);
    std::optional<PartTask> take(const std::vector<PartTask> &tasks);
    void stop(StoreFailure failure);
    StoreResult<StoredPart> keep_or_send(const PartTask &task);
    StoreResult<StoredPart> send(std::uint32_t number);
    StoreResult<StoredPart> send_once(std::uint32_t number);
    PartBody body_of(std::uint32_t number, bool with_md5);
    // Reads a part without sending it.
    Result<void> read_through(PartBody &body);
    StoreResult<PartMatch> compare(const PartBody &body, const PartInfo &arrived);

    const InputFile &m_artifact;
    PartPlan m_plan;
    ObjectStore &m_store;
    std::string m_key;
    std::string m_upload;
    SendSettings m_settings;
    UploadProgress &m_progress;
    Pace m_pace;

    std::mutex m_mutex;  // of what follows
    std::size_t m_next = 0;
    std::optional<StoreFailure> m_failure;
    std::mutex m_reporting;
};

}  // namespace imgport
