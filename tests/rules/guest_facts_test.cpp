#include "rules/guest_facts.hpp"

#include <gtest/gtest.h>

using namespace imgport;

TEST(Versions, CompareByNumber)
{
    EXPECT_TRUE(is_older_version("0.7.8", "0.7.9"));
    EXPECT_TRUE(is_older_version("0.7.9", "0.7.10"));
    EXPECT_TRUE(is_older_version("6.1.0-9-amd64", "6.1.0-18-amd64"));
    EXPECT_TRUE(is_older_version("5.14", "5.14.1"));
    EXPECT_TRUE(is_older_version("", "1"));
    EXPECT_FALSE(is_older_version("22.4.2", "0.7.9"));
    EXPECT_FALSE(is_older_version("0.7.9", "0.7.9"));
    EXPECT_FALSE(is_older_version("0.07.9", "0.7.9"));
    EXPECT_TRUE(is_older_version("1.99999999999999999999998", "1.99999999999999999999999")) << "longer than a number";
}

TEST(KernelParameters, AreAllTheValuesOfAName)
{
    EXPECT_EQ(kernel_parameters("ro root=a quiet root=b", "root"), (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(kernel_parameters("root=\"LABEL=x\" \"root=y\"", "root"), (std::vector<std::string>{"LABEL=x", "y"}));
    EXPECT_EQ(kernel_parameters("rootfstype=ext4 root", "root"), std::vector<std::string>{});
    EXPECT_EQ(kernel_parameters("root=", "root"), std::vector<std::string>{""});
}
