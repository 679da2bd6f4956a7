#include "handoff/import_request.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <imgport/image.hpp>

#include "handoff/import_errors.hpp"
#include "handoff/manifest_files.hpp"
#include "support/digest.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::uint64_t gib = std::uint64_t{1} << 30;

Error usage(std::string message, std::string field, std::string hint = {})
{
    return {
        .code = ErrorCode::usage, .message = std::move(message), .field = std::move(field), .hint = std::move(hint)};
}

// "out/web.manifest.json" and "images/web-data1.qcow2": "out/web-data1.manifest.json".
std::string manifest_of_object(const std::string &manifest, const std::string &object)
{
    std::string const file = base_name(object);
    return dir_name(manifest) + "/" + file.substr(0, file.rfind('.')) + std::string(manifest_suffix);
}

class Planner {
public:
    Planner(const std::string &manifest, const ImportRequest &request) : m_path(manifest), m_request(request) {}

    tl::expected<ImportToCall, std::vector<Error>> plan()
    {
        auto manifest = read_manifest(m_path);
        if (!manifest)
            return failed(manifest.error());
        m_manifest = std::move(*manifest);
        if (m_manifest.role == Role::data)
            return failed({ErrorCode::usage,
                           "is the manifest of a data disk",
                           m_path,
                           {},
                           {},
                           "give the manifest of the system disk: its data disks go along"});
        auto receipt = read_receipt(m_path);
        if (!receipt)
            return failed(receipt.error());
        m_call.disks.push_back({.manifest = m_path, .told = m_manifest, .receipt = std::move(*receipt)});
        find_place();
        fill_in();
        if (!m_errors.empty())
            return tl::unexpected(m_errors);
        make_parameters();
        if (m_errors.empty())
            find_data_disks();
        if (!m_errors.empty())
            return tl::unexpected(m_errors);
        return std::move(m_call);
    }

private:
    tl::unexpected<std::vector<Error>> failed(Error error)
    {
        m_errors.push_back(std::move(error));
        return tl::unexpected(m_errors);
    }

    void complain(std::string message, std::string field, std::string hint = {})
    {
        m_errors.push_back(usage(std::move(message), std::move(field), std::move(hint)));
    }

    // Bucket, key and region: the manifest's; else what the user says; else where the receipt says that the artifact
    // was put. They may all say the same, and nothing else.
    void find_place()
    {
        if (!m_manifest.import.disks.empty() && !m_manifest.import.disks.front().bucket.empty()) {
            m_place = {m_manifest.import.disks.front().bucket, m_manifest.import.disks.front().object, {}};
            m_place_said_by = "the manifest";
        }
        m_place.region = m_manifest.import.region.value_or("");
        ObjectAddress asked;
        if (m_request.object) {
            auto const parsed = parse_object_address(*m_request.object);
            if (!parsed) {
                m_errors.push_back(parsed.error());
                return;
            }
            asked = *parsed;
        }
        take(asked.region, m_place.region, "RegionId", "the object's address");
        take(m_request.region.value_or(""), m_place.region, "RegionId", "--region");
        if (asked.bucket.empty())
            asked.bucket = m_request.bucket.value_or("");
        else if (m_request.bucket && *m_request.bucket != asked.bucket)
            complain(fmt::format("'{}' is asked for, but the object's address names '{}'",
                                 printable(*m_request.bucket, 100), asked.bucket),
                     "DiskDeviceMapping.1.OSSBucket");
        bool const elsewhere = m_place_said_by.empty();
        take(asked.bucket, m_place.bucket, "DiskDeviceMapping.1.OSSBucket", "the command line");
        take(asked.key, m_place.key, "DiskDeviceMapping.1.OSSObject", "the command line");
        auto const &upload = m_call.disks.front().receipt.upload;
        if (elsewhere && upload && lies_in_oss(*upload)) {
            if (m_place.bucket.empty())
                m_place.bucket = upload->bucket;
            if (m_place.key.empty())
                m_place.key = upload->key;
        }
        if (m_place.region.empty() && upload && lies_in_oss(*upload))
            m_place.region = upload->region.value_or("");
        if (m_place.key.empty() && !m_manifest.import.disks.empty())
            m_place.key = m_manifest.import.disks.front().object;
        if (m_place.region.empty())
            complain("it is not known in which region the image is to be imported", "RegionId",
                     "give the bucket's own, such as --region cn-hangzhou");
        if (m_place.bucket.empty() || m_place.key.empty())
            complain("it is not known where the artifact lies",
                     m_place.bucket.empty() ? "DiskDeviceMapping.1.OSSBucket" : "DiskDeviceMapping.1.OSSObject",
                     "upload it (imgport upload MANIFEST oss://BUCKET/KEY), or say where it is: --object "
                     "oss://BUCKET/KEY");
    }

    void take(const std::string &asked, std::string &place, const char *field, std::string_view by)
    {
        if (asked.empty())
            return;
        if (!place.empty() && place != asked)
            complain(fmt::format("{} says '{}', the manifest '{}'", by, printable(asked, 200), printable(place, 200)),
                     field, "prepare the image again for another place");
        else
            place = asked;
    }

    // The whole call as a request of the user's: the same checks as when the image was prepared, without the image.
    void fill_in()
    {
        auto const &told = m_manifest.import;
        m_whole.region = m_place.region;
        m_whole.bucket = m_place.bucket;
        m_whole.object = m_place.key;
        m_whole.image_name = m_request.image_name ? m_request.image_name : told.image_name;
        m_whole.description = m_request.description ? m_request.description : told.description;
        m_whole.license_type = m_request.license_type ? m_request.license_type : told.license_type;
        m_whole.resource_group = m_request.resource_group ? m_request.resource_group : told.resource_group;
        m_whole.role_name = m_request.role_name ? m_request.role_name : told.role_name;
        m_whole.os_type = told.os_type;
        m_whole.platform = told.platform;
        m_whole.architecture = told.architecture;
        m_whole.boot_mode = told.boot_mode;
        m_whole.tags = m_request.tags;
        if (m_request.tags.empty()) {
            for (auto const &tag : told.tags)
                m_whole.tags.emplace_back(tag.key, tag.value);
        }
    }

    void make_parameters()
    {
        std::vector<ImportDisk> disks;
        for (auto const &disk : m_manifest.import.disks) {
            auto const format = format_from_string(to_lower(disk.format));
            if (!format)
                return complain(fmt::format("'{}' is no format that can be imported", printable(disk.format, 100)),
                                "DiskDeviceMapping.1.Format");
            // Only a size that was made from an image's: no disk is that large, and nothing overflows.
            if (disk.size == 0 || disk.size > 65536)
                return complain(fmt::format("{} GiB is no size of a disk", disk.size),
                                "DiskDeviceMapping.1.DiskImageSize");
            disks.push_back({*format, disk.size * gib, base_name(disk.object)});
        }
        auto made = make_import_parameters(m_whole, nullptr, disks);
        m_errors = std::move(made.errors);
        m_call.parameters = std::move(made.parameters);
        m_call.parameters.features = m_manifest.import.features;
        // Without the image nothing is filled in; what the manifest was told stays untold.
        if (!m_manifest.import.boot_mode)
            m_call.parameters.boot_mode = std::nullopt;
    }

    void find_data_disks()
    {
        auto const &mappings = m_call.parameters.disks;
        m_call.disks.front().mapping = mappings.front();
        for (std::size_t i = 1; i < mappings.size(); ++i) {
            DiskToImport disk{.manifest = manifest_of_object(m_path, mappings[i].object),
                              .told = std::nullopt,
                              .mapping = mappings[i]};
            if (::access(disk.manifest.c_str(), F_OK) == 0) {
                auto manifest = read_manifest(disk.manifest);
                auto receipt = read_receipt(disk.manifest);
                if (!manifest || !receipt) {
                    m_errors.push_back(!manifest ? manifest.error() : receipt.error());
                    return;
                }
                disk.told = std::move(*manifest);
                disk.receipt = std::move(*receipt);
            }
            m_call.disks.push_back(std::move(disk));
        }
    }

    const std::string &m_path;
    const ImportRequest &m_request;
    Manifest m_manifest = {};
    ObjectAddress m_place = {};
    std::string m_place_said_by = {};
    ImportRequest m_whole = {};
    ImportToCall m_call = {};
    std::vector<Error> m_errors = {};
};

// Lengths first, so that no two lists run together to the same text.
std::string with_length(const std::string &piece)
{
    return fmt::format("{}:{}\n", piece.size(), piece);
}

std::string in_one_text(const NamedValues &parameters)
{
    std::string text;
    for (auto const &[name, value] : parameters)
        text += with_length(name) + with_length(value);
    return text;
}

}  // namespace

bool lies_in_oss(const UploadReceipt &upload)
{
    return upload.destination.starts_with("oss://") && !upload.bucket.empty() && !upload.key.empty();
}

std::vector<std::string> ImportToCall::artifacts() const
{
    std::vector<std::string> digests;
    for (auto const &disk : disks) {
        std::string digest;
        if (disk.told)
            digest = disk.told->artifact.sha256.value_or(disk.told->artifact.crc64ecma);
        digests.push_back(std::move(digest));
    }
    return digests;
}

std::string ImportToCall::role() const
{
    return parameters.role_name.value_or(std::string(import_role));
}

tl::expected<ImportToCall, std::vector<Error>> plan_import(const std::string &manifest, const ImportRequest &request)
{
    return Planner(manifest, request).plan();
}

NamedValues api_parameters(const ImportParameters &parameters)
{
    NamedValues out;
    auto const add = [&](std::string name, const std::optional<std::string> &value) {
        if (value && !value->empty())
            out.emplace_back(std::move(name), *value);
    };
    add("RegionId", parameters.region);
    add("ImageName", parameters.image_name);
    add("Description", parameters.description);
    add("OSType", parameters.os_type);
    add("Platform", parameters.platform);
    add("Architecture", parameters.architecture);
    add("BootMode", parameters.boot_mode);
    add("LicenseType", parameters.license_type);
    add("ResourceGroupId", parameters.resource_group);
    add("RoleName", parameters.role_name);
    add("Features.NvmeSupport", parameters.features.nvme_support);
    for (std::size_t i = 0; i < parameters.tags.size(); ++i) {
        out.emplace_back(fmt::format("Tag.{}.Key", i + 1), parameters.tags[i].key);
        out.emplace_back(fmt::format("Tag.{}.Value", i + 1), parameters.tags[i].value);
    }
    for (std::size_t i = 0; i < parameters.disks.size(); ++i) {
        auto const &disk = parameters.disks[i];
        auto const name = [&](std::string_view what) { return fmt::format("DiskDeviceMapping.{}.{}", i + 1, what); };
        add(name("Format"), disk.format);
        add(name("OSSBucket"), disk.bucket);
        add(name("OSSObject"), disk.object);
        out.emplace_back(name("DiskImageSize"), fmt::format("{}", disk.size));
    }
    return out;
}

std::string digest_of_parameters(const NamedValues &parameters)
{
    return hex_digest("SHA256", bytes_of(in_one_text(parameters)));
}

std::string make_client_token(const NamedValues &parameters, const std::vector<std::string> &artifacts,
                              const std::string &previous)
{
    std::string text = "imgport import\n" + in_one_text(parameters);
    for (auto const &artifact : artifacts)
        text += with_length(artifact);
    text += with_length(previous);
    return "imgport-" + hex_digest("SHA256", bytes_of(text)).substr(0, 40);
}

}  // namespace imgport
