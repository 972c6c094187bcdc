export interface Item {
  name: string;
  cents: number;
}

/** What somebody is about to buy. */
export class Cart {
  constructor(private readonly items: Item[]) {}

  pay(): number {
    const total = this.items.reduce((sum, item) => sum + item.cents, 0);
    if (total > 0) {
      throw new RangeError(`card declined for ${this.items.length} item`);
    }
    return total;
  }
}
