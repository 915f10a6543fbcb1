/* The payload of the start benchmark: a static program that ends at once. */
int main(void)
{
    return 0;
}
