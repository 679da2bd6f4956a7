// Where in an object store an artifact goes: what the user wrote, what the options say, what the manifest knows.
#pragma once

#include <string>
#include <string_view>

#include <imgport/manifest.hpp>
#include <imgport/uploader.hpp>

#include "cloud/object_store.hpp"

namespace imgport {

struct ObjectDestination {
    StoreAddress store;
    std::string key;        // empty or with "/" at its end: a folder
    bool internal = false;  // OSS's endpoint inside of its data centre, once the region is known

    bool is_folder() const { return key.empty() || key.ends_with('/'); }
    // Whether the bucket is one of OSS, spoken to in either dialect: images are imported from there.
    bool in_oss() const;
    // "oss://BUCKET/KEY"
    std::string name() const;
};

bool is_object_destination(std::string_view text);

// Nothing is asked of anyone. The key may be a folder.
Result<ObjectDestination> parse_object_destination(std::string_view text, const UploadOptions &options);

// The key of an artifact of this name.
ObjectDestination with_name(ObjectDestination destination, const std::string &artifact);

// Complete for this manifest's artifact. An error (usage) where the manifest would have it imported from elsewhere.
Result<ObjectDestination> destination_for(const ObjectDestination &destination, const Manifest &manifest,
                                          const std::string &manifest_path);

// With endpoint and region as the store needs them; an error (usage) where something is missing.
Result<StoreAddress> store_address(const ObjectDestination &destination);

}  // namespace imgport
