/* The program of shop-linux-x86_64: make.sh builds it. */
struct cart {
	int n;
};

static int charged;

static inline __attribute__((always_inline)) int charge(int n)
{
	if (n == 7)
		__builtin_trap();
	return n * 2;
}

__attribute__((noinline)) int pay(struct cart *c)
{
	charged = charge(c->n);
	return charged;
}

int main(int argc, char **argv)
{
	struct cart c = { argc };
	return pay(&c);
}
