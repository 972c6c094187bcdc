import * as Sentry from '@sentry/browser';
import { Cart } from './cart';

declare const __DSN__: string;

Sentry.init({ dsn: __DSN__ });

const cart = new Cart([{ name: 'cherries', cents: 500 }]);

function checkout(): void {
  cart.pay();
}

document.querySelector('#pay')!.addEventListener('click', checkout);
document.body.dataset.ready = '1';
