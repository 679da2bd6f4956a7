#include "import_options.hpp"

#include <charconv>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace imgport::cli {

void add_call_options(CLI::App &verb, CallOptions &options)
{
    verb.add_option("--api-endpoint", options.api_endpoint,
                    "Where the import is called: https://HOST, such as https://ecs-vpc.cn-hangzhou.aliyuncs.com from "
                    "inside a VPC (default: https://ecs.REGION.aliyuncs.com)")
        ->type_name("URL");
    add_choice(verb, "--api-signature", options.api_signature, {"acs3", "rpc"},
               "How the calls are signed: ACS3-HMAC-SHA256, or the older RPC with HMAC-SHA1");
}

ImportCallOptions import_call_options(const CallOptions &options)
{
    ImportCallOptions call;
    call.api_endpoint = options.api_endpoint;
    call.rpc_signature = options.api_signature == "rpc";
    // For tests only: how many milliseconds lie between two looks at the task.
    if (const char *const pace = std::getenv("IMGPORT_TEST_LOOK_MS"); pace != nullptr) {
        unsigned milliseconds = 0;
        std::from_chars(pace, pace + std::strlen(pace), milliseconds);
        call.shortest_look = call.longest_look = std::chrono::milliseconds(milliseconds);
    }
    return call;
}

std::string describe(const ImportDone &done)
{
    auto const &receipt = done.receipt;
    std::string const image = receipt.image_id.value_or("");
    std::string const task = receipt.task_id ? ", task " + *receipt.task_id : "";
    if (!done.available)
        return fmt::format("the import of image {} runs in {}{}\n", image, receipt.region, task);
    std::string details;
    if (receipt.snapshot_ids.size() == 1)
        details = ", snapshot " + receipt.snapshot_ids.front();
    else if (!receipt.snapshot_ids.empty())
        details = fmt::format(", snapshots {}", fmt::join(receipt.snapshot_ids, " "));
    return fmt::format("image {} is available in {}{}{}{}\n", image, receipt.region,
                       done.was_there ? " (imported before)" : "", task, details);
}

}  // namespace imgport::cli
