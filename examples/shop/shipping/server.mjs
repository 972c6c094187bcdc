// shipping: quotes and books parcels. With the fault `shipping-down` it drops every connection.
import * as Sentry from '@sentry/node';
import express from 'express';

const app = express();
app.use(express.json());
app.use((req, res, next) => {
  Sentry.setUser({ email: req.get('x-shop-user') ?? 'anonymous' });
  if ((req.get('x-shop-faults') ?? '').split(',').includes('shipping-down')) {
    req.socket.destroy();
    return;
  }
  next();
});

app.get('/quote', (req, res) => res.json({ promise: 'Fresh produce ships today if ordered before 16:00.', cents: 400 }));

let last = 88411;
app.post('/book', (req, res) => {
  if (!req.body.payment) throw new Error('cannot book a parcel without a payment');
  last += 1;
  res.json({ order: `20-${last}` });
});

Sentry.setupExpressErrorHandler(app);
app.listen(Number(process.env.PORT), '127.0.0.1', () => console.log(`shipping on ${process.env.PORT}`));
