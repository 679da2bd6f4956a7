// What takes an artifact to its destination.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <imgport/error.hpp>
#include <imgport/import_parameters.hpp>
#include <imgport/overwrite.hpp>
#include <imgport/progress.hpp>

namespace imgport {

struct Receipt {
    std::string destination;  // where it lies now, in the uploader's words
    std::string proof;        // how that was confirmed: "read back, sha256 equal"
};

class Uploader {
public:
    Uploader() = default;
    Uploader(const Uploader &) = delete;
    Uploader &operator=(const Uploader &) = delete;
    virtual ~Uploader() = default;
    // `manifest` is the path of a manifest; its artifact lies beside it. Starting again after a failure is safe.
    virtual Result<Receipt> upload(const std::string &manifest, ProgressSink &progress) = 0;
};

enum class UploadSignature { automatic, v1, v4 };  // v1: OSS only

// How an object store is reached, and how it is uploaded to.
struct UploadOptions {
    std::string endpoint = {};   // "https://HOST[:PORT]" or HOST; empty: the cloud's own in `region`
    bool custom_domain = false;  // the endpoint is the bucket's own domain
    bool internal = false;       // OSS's endpoint for its own data centre: no traffic fee, only reached from there
    std::string region = {};     // empty: what endpoint, destination or manifest tell
    UploadSignature signature = UploadSignature::automatic;
    unsigned parallel = 4;        // parts under way at the same time
    std::uint64_t part_size = 0;  // bytes; 0: chosen
    unsigned retries = 9;         // how often a request is made again before it counts as failed
    Overwrite overwrite = Overwrite::no;
};

// "dir:PATH", "command:PROGRAM [ARG...]", "oss://BUCKET/KEY", "s3://BUCKET/KEY", the URL of an object in OSS. A key
// that ends with "/" (or none) is a folder: the artifact's name is put behind it. Anything else is a usage error that
// lists what there is.
Result<std::unique_ptr<Uploader>> make_uploader(std::string_view destination, const UploadOptions &options = {});

// Where in OSS an artifact of this name would lie, as the image would be imported from there; nothing where the
// destination is not in OSS. The region is empty where the destination does not tell it.
Result<std::optional<ObjectAddress>> import_address(std::string_view destination, const UploadOptions &options,
                                                    const std::string &artifact_name);
// Whether there is room for one artifact only: a key of an object store that is no folder.
bool names_one_object(std::string_view destination);
// The destination of an artifact that goes along (a data disk): beside that of the first.
std::string destination_beside(std::string_view destination, const std::string &artifact_name);

// What was begun and is neither completed nor given up. It is billed.
struct PendingUpload {
    std::string key;
    std::string id;
    std::string since;                        // ISO 8601, as the server says
    std::optional<std::uint64_t> parts = {};  // how many have arrived; not known where that may not be asked
    std::optional<std::uint64_t> size = {};   // bytes so far

    static void fields(auto &self, auto &&visit)
    {
        visit("key", self.key);
        visit("id", self.id);
        visit("since", self.since);
        visit("parts", self.parts);
        visit("size", self.size);
    }
};

// `address`: "oss://BUCKET[/PREFIX]", "s3://BUCKET[/PREFIX]".
Result<std::vector<PendingUpload>> pending_uploads(std::string_view address, const UploadOptions &options);
// One of them, by the full address of its object and its id.
Result<void> abort_pending_upload(std::string_view address, const std::string &id, const UploadOptions &options);
// The one that an interrupted upload() of this manifest left: told by the journal beside it, which goes as well. Gives
// back its destination. `options` add to what the journal tells of the way there.
Result<std::string> abort_upload(const std::string &manifest, const UploadOptions &options);

std::string pending_uploads_text(const std::vector<PendingUpload> &uploads);
// {"schema": "imgport.uploads/1", ...}
std::string pending_uploads_json(std::string_view address, const std::vector<PendingUpload> &uploads);

}  // namespace imgport
