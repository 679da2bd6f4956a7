#include "rules/rule_cases.hpp"

namespace imgport::testing {

using enum Status;

namespace {

std::string raw(const std::string &allocated, const std::string &more = {})
{
    return R"({"/image": {"path": "d.raw", "format": "raw", "virtual_size": 42949672960, "file_size": 42949672960,
               "allocated_size": )" +
           allocated + more + "}}";
}

std::string request(const std::string &fields)
{
    return R"({"/request": {)" + fields + "}}";
}

}  // namespace

std::vector<RuleCase> upload_cases()
{
    return {
        {"raw-sparse-upload", passed, raw("42949672960")},
        {"raw-sparse-upload", passed, raw("38654705664"), "36 GiB of 40 GiB"},
        {"raw-sparse-upload", violated, raw("38654705663"), "sends the empty rest", {}, "bios", "recommendation"},
        {"raw-sparse-upload", not_applicable, "{}", "qcow2"},
        {"raw-sparse-upload", not_applicable, raw("0", R"(, "wrapped_in": ["xz"])"), "fmt-archive", {"fmt-archive"}},
        {"raw-sparse-upload", not_applicable,
         R"({"/artifact": {"path": "o.raw", "format": "raw", "virtual_size": 42949672960}})", "once it is written"},

        {"object-key", not_applicable, "{}", "neither"},
        {"object-key", passed, request(R"("bucket": "my-bucket", "object": "images/disk 1.qcow2")"), "images/disk 1"},
        {"object-key", passed, request(R"("bucket": "my-bucket")"), "my-bucket"},
        {"object-key", violated, request(R"("bucket": "My-Bucket")"), "--bucket 'My-Bucket' a bucket's name has"},
        {"object-key", violated, request(R"("bucket": "my-bucket", "object": "\\disk.qcow2")"), "does not begin with"},
        {"object-key", violated, request(R"("object": ")" + std::string(1024, 'k') + "\""), "1024 bytes"},
        {"object-key", violated, request(R"("object": "oss://b/disk.qcow2")"), "a bucket's name has 3 to 63"},
        {"object-key", violated, request(R"("object": "disk.qcow2?Signature=secret")"), "--object: "},

        {"region-match", not_applicable, "{}", "not both given"},
        {"region-match", not_applicable, request(R"("region": "cn-hangzhou", "object": "disk.qcow2")"),
         "does not tell its region"},
        {"region-match", passed,
         request(R"("region": "cn-hangzhou", "object": "https://bkt.oss-cn-hangzhou-internal.aliyuncs.com/d.vhd")"),
         "both in cn-hangzhou"},
        {"region-match", violated,
         request(R"("region": "cn-beijing", "object": "https://bkt.oss-cn-hangzhou.aliyuncs.com/d.vhd")"),
         "the bucket is in cn-hangzhou, the import is asked for in cn-beijing"},
    };
}

}  // namespace imgport::testing
