#include "upload_options.hpp"

#include <map>

namespace imgport::cli {
namespace {

constexpr const char *group = "Upload";

}  // namespace

void add_store_options(CLI::App &verb, UploadOptions &options)
{
    verb.add_option("--endpoint", options.endpoint,
                    "The object store's server, https://HOST[:PORT]; else the cloud's own")
        ->group(group)
        ->type_name("URL");
    verb.add_flag("--cname", options.custom_domain, "The endpoint is the bucket's own domain")->group(group);
    verb.add_flag("--internal", options.internal, "By OSS's internal network: from a machine in the same region")
        ->group(group);
    verb.add_option_function<std::string>(
            "--signature",
            [&options](const std::string &name) {
                options.signature = name == "v1"   ? UploadSignature::v1
                                    : name == "v4" ? UploadSignature::v4
                                                   : UploadSignature::automatic;
            },
            "Of OSS requests; auto is v4")
        ->group(group)
        ->type_name("auto|v1|v4")
        ->default_str("auto")
        ->check(CLI::IsMember({"auto", "v1", "v4"}));
    verb.add_option("--retries", options.retries, "How often a request is made again before it counts as failed")
        ->group(group)
        ->capture_default_str()
        ->check(CLI::Range(0, 500));
}

void add_region(CLI::App &verb, UploadOptions &options)
{
    verb.add_option("--region", options.region,
                    "The bucket's region, e.g. cn-hangzhou; else what endpoint or manifest tell")
        ->group(group)
        ->type_name("REGION");
}

void add_part_options(CLI::App &verb, UploadOptions &options)
{
    verb.add_option("--parallel", options.parallel, "How many parts are under way at a time")
        ->group(group)
        ->capture_default_str()
        ->check(CLI::Range(1, 64));
    verb.add_option("--part-size", options.part_size,
                    "Size of a part, 100KiB (S3: 5MiB) to 5GiB; else as the size demands")
        ->group(group)
        ->transform(CLI::AsSizeValue(false))
        ->type_name("SIZE");
}

}  // namespace imgport::cli
