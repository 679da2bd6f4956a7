// What is said about the upload and the import call.
#include <fmt/format.h>

#include "rules/import_checks.hpp"
#include "rules/rule.hpp"
#include "rules/sources.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

Outcome raw_sparse_upload(const RuleContext &context)
{
    auto const &image = context.container;
    if (image.format != Format::raw)
        return not_applicable(fmt::format("the format is {}", to_string(image.format)));
    if (!image.wrapped_in.empty())
        return not_applicable("the raw disk is packed: see fmt-archive");
    if (context.is_artifact() && image.file_size == 0)
        return not_applicable("how much of the artifact is empty is known once it is written");
    // A little emptiness costs little.
    if (image.allocated_size >= image.file_size - image.file_size / 10)
        return passed(
            fmt::format("{} of {} are allocated", human_size(image.allocated_size), human_size(image.file_size)));
    return violated(
        fmt::format("the file holds {}, of which {} are allocated; an upload of RAW sends the empty rest too",
                    human_size(image.file_size), human_size(image.allocated_size)),
        {seen(image.path, fmt::format("{} of {} bytes", image.allocated_size, image.file_size))});
}

Outcome object_key(const RuleContext &context)
{
    auto const *request = context.input.request;
    if (request == nullptr || (!request->object && !request->bucket))
        return not_applicable("neither bucket nor object is given");
    auto const bad = [](std::string_view option, const std::string &value, const std::string &problem) {
        return violated(fmt::format("{} '{}' {}", option, printable(value, 200), problem),
                        {seen(std::string(option), value)});
    };
    if (request->bucket) {
        if (auto const problem = bucket_problem(*request->bucket))
            return bad("--bucket", *request->bucket, *problem);
    }
    if (!request->object)
        return passed(fmt::format("the bucket is {}", *request->bucket));
    auto const address = parse_object_address(*request->object);
    // What could not be taken apart is not repeated: it may hold a signature.
    if (!address)
        return violated("--object: " + address.error().message, {seen("--object", "not an object's address")});
    if (auto const problem = key_problem(address->key))
        return bad("--object", address->key, *problem);
    if (!address->bucket.empty()) {
        if (auto const problem = bucket_problem(address->bucket))
            return bad("--object", address->bucket, *problem);
    }
    return passed(fmt::format("the object's key is {}", printable(address->key, 200)));
}

Outcome region_match(const RuleContext &context)
{
    auto const *request = context.input.request;
    if (request == nullptr || !request->region || !request->object)
        return not_applicable("region and object are not both given");
    auto const address = parse_object_address(*request->object);
    if (!address)
        return not_applicable("the object's address cannot be read: see object-key");
    if (address->region.empty())
        return not_applicable("the object's address does not tell its region");
    if (address->region == *request->region)
        return passed(fmt::format("bucket and import are both in {}", address->region));
    return violated(fmt::format("the bucket is in {}, the import is asked for in {}", address->region,
                                printable(*request->region, 100)),
                    {seen("--region", *request->region), seen("--object", address->region)});
}

}  // namespace

std::vector<Rule> upload_rules()
{
    std::string const group = "container";
    return {
        {{"raw-sparse-upload",
          group,
          "A mostly empty disk is not uploaded as RAW",
          "RAW has no holes in an object store: every empty byte is sent and stored.",
          "imgport convert IMAGE OUT.qcow2 --compression fast",
          cite({"SEED"}),
          {""}},
         Reads::container,
         Guests::any,
         raw_sparse_upload},
        {{"object-key",
          group,
          "Bucket and object have names that the object store takes",
          "The upload or the import is refused.",
          "A key has 1 to 1023 bytes of UTF-8 and does not begin with / or \\; a bucket's name has 3 to 63 lower-case "
          "letters, digits and hyphens, no hyphen first or last",
          cite({"OSS", "PRACTICE"}),
          {""}},
         Reads::container,
         Guests::any,
         object_key},
        {{"region-match",
          group,
          "The bucket is in the region of the import",
          "The import reads buckets of its own region only.",
          "Upload to a bucket in the region that --region names, or import where the bucket is and copy the image",
          cite({"API"}),
          {""}},
         Reads::container,
         Guests::any,
         region_match},
    };
}

}  // namespace imgport
