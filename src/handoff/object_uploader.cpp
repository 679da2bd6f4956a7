// The uploader behind oss:// and s3://: the way to the store, and then upload_object().
#include <fmt/format.h>

#include <imgport/manifest.hpp>

#include "handoff/object_connection.hpp"
#include "handoff/object_upload.hpp"
#include "handoff/uploaders.hpp"

namespace imgport {
namespace {

class ObjectUploader final : public Uploader {
public:
    ObjectUploader(ObjectDestination destination, const UploadOptions &options)
        : m_destination(std::move(destination)), m_options(options)
    {}

    Result<Receipt> upload(const std::string &manifest_path, ProgressSink &progress) override
    {
        auto const manifest = read_manifest(manifest_path);
        if (!manifest)
            return fail(manifest.error());
        auto const destination = destination_for(m_destination, *manifest, manifest_path);
        if (!destination)
            return fail(destination.error());
        auto const connection = connect(*destination);
        if (!connection)
            return fail(connection.error());
        ObjectUploadSettings const settings{.parallel = m_options.parallel,
                                            .part_size = m_options.part_size,
                                            .overwrite = m_options.overwrite == Overwrite::yes,
                                            .retry = retry_policy(m_options),
                                            .first_contact = first_contact_policy(m_options)};
        return upload_object(manifest_path, *manifest, *destination, *connection->store, settings, progress);
    }

private:
    ObjectDestination m_destination;
    UploadOptions m_options;
};

}  // namespace

Result<std::unique_ptr<Uploader>> make_object_uploader(std::string_view destination, const UploadOptions &options)
{
    auto parsed = parse_object_destination(destination, options);
    if (!parsed)
        return fail(parsed.error());
    return std::make_unique<ObjectUploader>(std::move(*parsed), options);
}

Result<std::optional<ObjectAddress>> import_address(std::string_view destination, const UploadOptions &options,
                                                    const std::string &artifact_name)
{
    if (!is_object_destination(destination))
        return std::nullopt;
    auto const parsed = parse_object_destination(destination, options);
    if (!parsed)
        return fail(parsed.error());
    if (!parsed->in_oss())
        return std::nullopt;
    return ObjectAddress{parsed->store.bucket, with_name(*parsed, artifact_name).key, parsed->store.region};
}

bool names_one_object(std::string_view destination)
{
    if (!is_object_destination(destination))
        return false;
    auto const parsed = parse_object_destination(destination, {});
    return parsed && !parsed->is_folder();
}

std::string destination_beside(std::string_view destination, const std::string &artifact_name)
{
    if (!names_one_object(destination))
        return std::string(destination);
    auto const path_end = std::min(destination.find('?'), destination.size());
    bool const url = destination.starts_with("http");
    std::string_view const plain = url ? destination.substr(0, path_end) : destination;
    return fmt::format("{}{}", plain.substr(0, plain.rfind('/') + 1),
                       url ? percent_encoded(artifact_name) : artifact_name);
}

}  // namespace imgport
