// What stores answer, out of XML that nobody vouches for. Each reader says in its error what is wrong with the reply.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <imgport/error.hpp>

#include "cloud/object_store.hpp"

namespace imgport {

// The error document of OSS and S3.
struct StoreError {
    std::string code;
    std::string message = {};
    std::string request_id = {};
    std::string endpoint = {};  // where the bucket is instead
    std::string region = {};    // the one it is in
};
// nullopt where the text is none.
std::optional<StoreError> parse_store_error(std::string_view xml);

Result<std::string> parse_upload_id(std::string_view xml);
// Empty where the store gives none.
Result<std::string> parse_completed_etag(std::string_view xml);

struct PartsPage {
    std::vector<PartInfo> parts;
    bool more = false;
    std::uint32_t next = 0;  // the marker of the next page
};
Result<PartsPage> parse_parts(std::string_view xml);

struct UploadsPage {
    std::vector<UnfinishedUpload> uploads;
    bool more = false;
    std::string next_key;  // the markers of the next page
    std::string next_id;
};
Result<UploadsPage> parse_uploads(std::string_view xml);

// Without the quotes around it.
std::string bare_etag(std::string_view etag);

std::optional<std::string> base64_decoded(std::string_view text);

}  // namespace imgport
