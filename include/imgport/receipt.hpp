// What came of handing an artifact over: NAME.receipt.json beside the manifest. It is also what a later run goes on
// from, so it is written before and after every step that must not happen twice.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <imgport/error.hpp>

namespace imgport {

// Where the artifact lies, and how that was confirmed.
struct UploadReceipt {
    std::string destination;  // "oss://BUCKET/KEY"
    std::string bucket;
    std::string key;
    std::optional<std::string> region = {};
    std::uint64_t size = 0;      // bytes, as the server says
    std::string sha256 = {};     // of what was sent, 64 hex digits; empty: not known (see the manifest)
    std::string crc64ecma = {};  // of what was sent, decimal
    std::optional<std::string> server_crc64ecma = {};  // as the server says
    std::string etag = {};
    std::string proof = {};      // in words
    std::string completed = {};  // ISO 8601, UTC

    static void fields(auto &self, auto &&visit)
    {
        visit("destination", self.destination);
        visit("bucket", self.bucket);
        visit("key", self.key);
        visit("region", self.region);
        visit("size", self.size);
        visit("sha256", self.sha256);
        visit("crc64ecma", self.crc64ecma);
        visit("server_crc64ecma", self.server_crc64ecma);
        visit("etag", self.etag);
        visit("proof", self.proof);
        visit("completed", self.completed);
    }
};

// One ImportImage call and its task.
struct ImportReceipt {
    std::string region;
    std::string client_token;  // the same call with the same token imports once
    std::optional<std::string> image_id = {};
    std::vector<std::string> snapshot_ids = {};
    std::optional<std::string> task_id = {};
    std::optional<std::string> request_id = {};
    std::string task_status =
        {};  // Waiting, Processing, Finished, Failed, Cancelled: the API's words; empty: not called yet
    std::string image_status = {};  // Creating, Available, ...
    std::optional<std::string> error_code = {};
    std::optional<std::string> error_message = {};
    // What is imported: the SHA-256 of each disk's artifact (its CRC-64 where there is none), the system disk's first.
    std::vector<std::string> artifacts = {};
    std::optional<std::string> parameters = {};  // SHA-256 of those of the call

    static void fields(auto &self, auto &&visit)
    {
        visit("region", self.region);
        visit("client_token", self.client_token);
        visit("image_id", self.image_id);
        visit("snapshot_ids", self.snapshot_ids);
        visit("task_id", self.task_id);
        visit("request_id", self.request_id);
        visit("task_status", self.task_status);
        visit("image_status", self.image_status);
        visit("error_code", self.error_code);
        visit("error_message", self.error_message);
        visit("artifacts", self.artifacts);
        visit("parameters", self.parameters);
    }
};

// "schema": "imgport.receipt/1"
struct HandOver {
    std::string manifest;  // the manifest's name
    std::optional<UploadReceipt> upload = {};
    std::optional<ImportReceipt> import = {};

    static void fields(auto &self, auto &&visit)
    {
        visit("manifest", self.manifest);
        visit("upload", self.upload);
        visit("import", self.import);
    }
};

// "out/web.manifest.json" -> "out/web.receipt.json".
std::string receipt_path(const std::string &manifest);
// Empty where there is none yet.
Result<HandOver> read_receipt(const std::string &manifest);
// Synced; replaces the old one in one step.
Result<void> write_receipt(const std::string &manifest, const HandOver &receipt);

}  // namespace imgport
