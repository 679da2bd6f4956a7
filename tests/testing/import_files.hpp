// A manifest and a receipt as prepare and upload leave them, without an image.
#pragma once

#include <gtest/gtest.h>

#include <imgport/manifest.hpp>
#include <imgport/receipt.hpp>

#include "support/file.hpp"
#include "testing/temp_dir.hpp"

namespace imgport::testing {

inline Manifest system_manifest()
{
    Manifest manifest;
    manifest.source = {"web.vmdk", "vmdk", {}, {}, 1000};
    manifest.artifact = {"web.qcow2", "qcow2", "v3", 3 << 20, std::uint64_t{8} << 30, std::string(64, 'a'), "42"};
    manifest.check = {"alibaba", Verdict::pass, {}};
    manifest.role = Role::system;
    manifest.import.region = "cn-hangzhou";
    manifest.import.image_name = "web-1";
    manifest.import.os_type = "linux";
    manifest.import.platform = "Debian";
    manifest.import.architecture = "x86_64";
    manifest.import.boot_mode = "BIOS";
    manifest.import.disks = {{"QCOW2", "imgs", "a/web.qcow2", 8}};
    return manifest;
}

inline void write_manifest(const Folder &folder, const std::string &name, const Manifest &manifest)
{
    folder.write(name + ".manifest.json", manifest_json(manifest));
}

inline void write_upload(const Folder &folder, const std::string &name, const Manifest &manifest,
                         const std::string &bucket = "imgs", const std::string &key = "a/web.qcow2",
                         const std::string &region = "cn-hangzhou")
{
    HandOver receipt{.manifest = name + ".manifest.json"};
    receipt.upload = UploadReceipt{.destination = "oss://" + bucket + "/" + key,
                                   .bucket = bucket,
                                   .key = key,
                                   .region = region,
                                   .size = manifest.artifact.file_size,
                                   .sha256 = manifest.artifact.sha256.value_or(""),
                                   .crc64ecma = manifest.artifact.crc64ecma};
    EXPECT_TRUE(write_receipt(folder / (name + ".manifest.json"), receipt));
}

}  // namespace imgport::testing
