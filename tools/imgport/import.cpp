// imgport import: the cloud makes an image of an artifact.
#include <imgport/import_call.hpp>

#include <algorithm>

#include <fmt/format.h>

#include "import_options.hpp"
#include "verbs.hpp"

namespace imgport::cli {
namespace {

struct Options {
    std::string manifest;
    bool dry_run = false;
    bool cancel = false;
    bool no_wait = false;
    bool again = false;
    std::string timeout;
    std::string endpoint;
    std::vector<std::string> tags;
    ImportRequest request;
    CallOptions call;
};

// "90", "90s", "30m", "2h".
std::optional<std::chrono::seconds> parse_duration(std::string text)
{
    std::uint64_t unit = 1;
    if (!text.empty() && (text.back() < '0' || text.back() > '9')) {
        unit = text.back() == 's' ? 1 : text.back() == 'm' ? 60 : text.back() == 'h' ? 3600 : 0;
        text.pop_back();
    }
    bool const digits = !text.empty() && text.size() <= 7 &&
                        std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (!digits || unit == 0)
        return std::nullopt;
    return std::chrono::seconds(std::stoull(text) * unit);
}

int run_import(Program &program, const Options &options)
{
    ImportCallOptions call = import_call_options(options.call);
    call.request = options.request;
    for (auto const &tag : options.tags) {
        auto const equals = tag.find('=');
        if (equals == std::string::npos)
            return print_error({ErrorCode::usage, fmt::format("--tag {} is not of the form KEY=VALUE", tag)});
        call.request.tags.emplace_back(tag.substr(0, equals), tag.substr(equals + 1));
    }
    call.store_endpoint = options.endpoint;
    call.dry_run = options.dry_run;
    call.wait = !options.no_wait;
    call.again = options.again;
    if (!options.timeout.empty())
        call.timeout = parse_duration(options.timeout);

    auto const done = options.cancel ? cancel_import(options.manifest, call, program.progress())
                                     : import_image(options.manifest, call, program.progress());
    if (!done)
        return print_error(done.error());
    std::string text;
    if (options.cancel) {
        text = fmt::format("the import of image {} {} (task {}: {})\n", done->receipt.image_id.value_or(""),
                           done->was_there ? "had ended already" : "was cancelled", done->receipt.task_id.value_or(""),
                           done->receipt.task_status);
    } else if (options.dry_run) {
        for (auto const &[name, value] : done->parameters)
            text += fmt::format("{}={}\n", name, value);
        text += "the cloud would take this call; nothing was imported\n";
    } else {
        text = describe(*done);
    }
    return print(text) ? 0 : exit_code(ErrorCode::environment);
}

}  // namespace

void add_import(Program &program)
{
    auto const options = std::make_shared<Options>();
    CLI::App &verb = program.add_verb(
        "import", "The cloud makes an image of an artifact in its object store",
        "  imgport import out/web.manifest.json\n"
        "  imgport import out/web.manifest.json --dry-run\n"
        "  imgport import out/web.manifest.json --image-name web-2 --no-wait\n"
        "  imgport import out/web.manifest.json --cancel\n"
        "Started again, after Ctrl-C for example, it goes on with the same import: nothing is imported twice.\n"
        "What came of it stands in NAME.receipt.json beside the manifest. The access key is looked for in the\n"
        "environment (ALIBABA_CLOUD_ACCESS_KEY_ID, ...), ~/.aliyun/config.json, ~/.ossutilconfig and the instance's\n"
        "role.\n",
        [&program, options] { return run_import(program, *options); });
    add_image(verb, "MANIFEST", options->manifest, "The system disk's manifest; those of its data disks lie beside it");
    auto *const dry = verb.add_flag("--dry-run", options->dry_run, "The cloud checks the call and does nothing");
    auto *const cancel = verb.add_flag("--cancel", options->cancel, "Ends an import that was begun");
    auto *const no_wait = verb.add_flag("--no-wait", options->no_wait, "Does not wait until the image is available");
    auto *const again =
        verb.add_flag("--again", options->again, "Imports anew, whatever the receipt tells of an import before");
    verb.add_option("--timeout", options->timeout, "How long to wait (30m, 2h); without it until the end")
        ->type_name("TIME")
        ->check(CLI::Validator(
            [](const std::string &text) { return parse_duration(text) ? std::string() : text + " is no time"; }, ""));
    cancel->excludes(dry)->excludes(no_wait)->excludes(again);
    dry->excludes(no_wait)->excludes(again);
    add_call_options(verb, options->call);
    verb.add_option("--endpoint", options->endpoint,
                    "Where the object store is asked for an object that no receipt tells of")
        ->type_name("URL");

    auto const add_request = [&](const std::string &name, std::optional<std::string> &value, const std::string &what) {
        verb.add_option(name, value, what)->group("Import parameters");
    };
    auto &request = options->request;
    add_request("--region", request.region, "RegionId, where the manifest has none");
    add_request("--bucket", request.bucket, "OSSBucket, where the manifest has none");
    add_request("--object", request.object, "OSSObject, where the manifest has none: a key, oss://BUCKET/KEY or a URL");
    add_request("--image-name", request.image_name, "ImageName instead of the manifest's");
    add_request("--description", request.description, "Description instead of the manifest's");
    add_request("--license-type", request.license_type, "LicenseType instead of the manifest's: Auto, Aliyun or BYOL");
    add_request("--resource-group", request.resource_group, "ResourceGroupId instead of the manifest's");
    add_request("--role-name", request.role_name, "RoleName of the role that reads the bucket");
    verb.add_option("--tag", options->tags, "Tag, as KEY=VALUE, instead of the manifest's; may be repeated")
        ->group("Import parameters")
        ->type_name("K=V")
        ->allow_extra_args(false);
}

}  // namespace imgport::cli
