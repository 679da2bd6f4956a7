#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <imgport/import_parameters.hpp>

using namespace imgport;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(ObjectAddress, IsTakenApart)
{
    struct {
        const char *text;
        ObjectAddress address;
    } const cases[] = {
        {"https://bkt.oss-cn-hangzhou.aliyuncs.com/in/a.qcow2", {"bkt", "in/a.qcow2", "cn-hangzhou"}},
        {"http://bkt.oss-us-east-1-internal.aliyuncs.com/a.vhd", {"bkt", "a.vhd", "us-east-1"}},
        {"HTTPS://BKT.OSS-CN-HANGZHOU.ALIYUNCS.COM/Key", {"bkt", "Key", "cn-hangzhou"}},
        {"https://bkt.oss-cn-hangzhou.aliyuncs.com/a.raw?OSSAccessKeyId=k&Expires=1&Signature=s#f",
         {"bkt", "a.raw", "cn-hangzhou"}},
        {"https://bkt.oss-cn-hangzhou.aliyuncs.com:443/a.raw", {"bkt", "a.raw", "cn-hangzhou"}},
        {"https://bkt.oss-cn-hangzhou.aliyuncs.com/%E9%95%9C%20x.raw", {"bkt", "镜 x.raw", "cn-hangzhou"}},
        {"https://bkt.oss-accelerate.aliyuncs.com/a", {"bkt", "a", ""}},
        {"https://bkt.oss-accelerate-overseas.aliyuncs.com/a", {"bkt", "a", ""}},
        {"https://bkt.oss.aliyuncs.com/a", {"bkt", "a", ""}},
        {"https://bkt.oss-cn-hzfinance.aliyuncs.com/a", {"bkt", "a", ""}},
        {"https://bkt.oss-cn-shanghai-finance-1-pub.aliyuncs.com/a", {"bkt", "a", "cn-shanghai-finance-1"}},
        {"https://bkt.s3.oss-cn-beijing.aliyuncs.com/a", {"bkt", "a", "cn-beijing"}},
        {"https://bkt.cn-beijing.oss.aliyuncs.com/a", {"bkt", "a", "cn-beijing"}},
        {"https://bkt.vpc100-oss-cn-beijing.aliyuncs.com/a", {"bkt", "a", "cn-beijing"}},
        {"https://oss-cn-beijing.aliyuncs.com/bkt/in/a", {"bkt", "in/a", "cn-beijing"}},
        {"https://images.example.com/in/a.qcow2?x=1", {"", "in/a.qcow2", ""}},
        {"oss://bkt/in/a.qcow2", {"bkt", "in/a.qcow2", ""}},
        {"OSS://bkt/a?b", {"bkt", "a?b", ""}},
        {"in/a.qcow2", {"", "in/a.qcow2", ""}},
        {"镜像.vhd", {"", "镜像.vhd", ""}},
    };
    for (auto const &tested : cases) {
        auto const address = parse_object_address(tested.text);
        ASSERT_TRUE(address) << tested.text << ": " << describe(address.error());
        EXPECT_EQ(address->bucket, tested.address.bucket) << tested.text;
        EXPECT_EQ(address->key, tested.address.key) << tested.text;
        EXPECT_EQ(address->region, tested.address.region) << tested.text;
    }
}

TEST(ObjectAddress, IsRefusedWhereItCannotBeOne)
{
    struct {
        std::string text;
        const char *says;
    } const cases[] = {
        {"", "OSSObject: '' names no object"},
        {"/a", "does not begin with / or \\"},
        {"\\a", "does not begin with / or \\"},
        {std::string(1024, 'a'), "has 1024 bytes"},
        {"a\xff", "is UTF-8"},
        {"a\nb", "no control characters"},
        {"folder/", "names a folder"},
        {"oss://", "names no bucket"},
        {"oss://bkt", "names no object"},
        {"oss://Bkt/a", "lower-case letters"},
        {"oss://b/a", "3 to 63"},
        {"oss://-bkt/a", "neither begins nor ends with a hyphen"},
        {"oss://" + std::string(64, 'b') + "/a", "has 64 characters"},
        {"https://bkt.oss-cn-hangzhou.aliyuncs.com/", "names no object"},
        {"https://bkt.oss-cn-hangzhou.aliyuncs.com", "names no object"},
        {"https://bkt.oss-cn-hangzhou.aliyuncs.com//a", "does not begin with /"},
        {"https://bkt.oss-cn-hangzhou.aliyuncs.com/%zz", "percent sign"},
        {"https://bkt.oss-cn-hangzhou.aliyuncs.com/%4", "percent sign"},
        {"https:///a", "has no host"},
        {"https://oss-cn-beijing.aliyuncs.com/bkt", "names no object"},
        {"https://a.b.oss-cn-beijing.aliyuncs.com/k", "lower-case letters"},
        {"s3://bkt/a", "'s3://' is not an address of the object store"},
        {"https://user:pw@bkt.oss-cn-beijing.aliyuncs.com/k", "user name or a password"},
    };
    for (auto const &tested : cases) {
        auto const address = parse_object_address(tested.text);
        ASSERT_FALSE(address) << tested.text;
        EXPECT_EQ(address.error().code, ErrorCode::usage) << tested.text;
        EXPECT_THAT(describe(address.error()), HasSubstr(tested.says)) << tested.text;
    }
}

TEST(ObjectAddress, NeverRepeatsASignature)
{
    for (const char *text :
         {"https://b.oss-cn-hangzhou.aliyuncs.com/a?Expires=1&Signature=SECRET",
          "https://bkt.oss-cn-hangzhou.aliyuncs.com//a?Signature=SECRET",
          "https://bkt.oss-cn-hangzhou.aliyuncs.com?x-oss-signature=SECRET",
          "https://user:SECRET@bkt.oss-cn-hangzhou.aliyuncs.com/a",
          "https:/bkt.oss-cn-hangzhou.aliyuncs.com/a?Signature=SECRET", "oss://bkt/a?Signature=SECRET",
          "bkt/a?security-token=SECRET", "s3://b/k?X-Amz-Signature=SECRET"}) {
        auto const address = parse_object_address(text);
        ASSERT_FALSE(address) << text;
        EXPECT_THAT(describe(address.error()), Not(HasSubstr("SECRET"))) << text;

        ImportRequest request;
        request.object = text;
        auto const outcome = make_import_parameters(request, nullptr, {{Format::raw, 1, "d.raw"}});
        ASSERT_FALSE(outcome.errors.empty()) << text;
        for (auto const &error : outcome.errors)
            EXPECT_THAT(describe(error), Not(HasSubstr("SECRET"))) << text;
        for (auto const &disk : outcome.parameters.disks)
            EXPECT_THAT(disk.object, Not(HasSubstr("SECRET"))) << text;
    }
}
